import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import type { IBannerOptions } from './banner';
import { Banner } from './banner';

/** Give every notebook a banner, which shows itself where something is missing. */
export function addBanners(tracker: INotebookTracker, options: IBannerOptions): void {
  const add = (panel: NotebookPanel): void =>
    panel.contentHeader.addWidget(new Banner(panel, options));
  tracker.widgetAdded.connect((_, panel) => add(panel));
  tracker.forEach(add);
}
