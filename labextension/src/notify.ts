import { Notification } from '@jupyterlab/apputils';

import type { ITell } from './login';

/** Tells by JupyterLab's notifications: a failure stays until it was seen. */
export const notifications: ITell = {
  success: words => void Notification.success(words, { autoClose: 5000 }),
  failure: words => void Notification.error(words, { autoClose: false })
};
