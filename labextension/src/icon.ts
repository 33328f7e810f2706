import { LabIcon } from '@jupyterlab/ui-components';

/** A key; drawn in the colours of the theme. */
export const keyIcon = new LabIcon({
  name: 'jupyter-qcred:key',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M7.5 6a6 6 0 1 0 5.66 8H16v3h4v-3h2v-4h-8.84A6 6 0 0 0 7.5 6zm0 4a2 2 0 1 1 0 4 2 2 0 0 1 0-4z"/>
</svg>`
});
