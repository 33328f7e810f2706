import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Ask the server's side for its examples; it needs Python 3.11 and nothing else. */
export function examples() {
  const script = fileURLToPath(new URL('../rules/patterns.py', import.meta.url));
  const python = process.env.PYTHON ?? 'python3';
  return JSON.parse(execFileSync(python, [script, '--examples'], { maxBuffer: 1 << 26 }));
}
