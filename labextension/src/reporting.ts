import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { QcredError } from './errors';

/** Do something, and show the server's words where it refuses. */
export async function reported(
  doing: () => Promise<void>,
  trans: TranslationBundle
): Promise<void> {
  try {
    await doing();
  } catch (error) {
    const known = error instanceof QcredError;
    Notification.error(known ? error.message : trans.__('That failed.'), { autoClose: false });
  }
}
