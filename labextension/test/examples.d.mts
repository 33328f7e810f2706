import type { IFinding } from '../src/guard/rule';

export interface IExample {
  readonly text: string;
  readonly found: readonly IFinding[];
}

export function examples(): readonly IExample[];
