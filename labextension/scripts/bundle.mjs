/* Bundle the compiled extension into built/, from nothing: what an earlier build left would be shipped. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const root = new URL('..', import.meta.url);
const builder = require.resolve('@jupyter/builder/lib/build-labextension.js');
// What JupyterLab itself provides, and so need not be bundled.
const core = require.resolve('@jupyterlab/core-meta/core.package.json');

rmSync(new URL('built', root), { recursive: true, force: true });
execFileSync(
  process.execPath,
  [builder, '--core-package-file', core, ...process.argv.slice(2), '.'],
  { cwd: root, stdio: 'inherit' }
);
