import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import { QcredError } from '../src/errors';
import { NotebookRedactions } from '../src/redactions';
import type { ILeaseModel } from '../src/tokens';
import type { IRedactions } from '../src/wire';

class Stage {
  path: string | null = 'work.ipynb';
  readonly changed = new Signal<this, void>(this);
  readonly redacted = new Signal<this, readonly string[]>(this);
  readonly asked: string[] = [];
  refusal: QcredError | null = null;

  async look(path: string): Promise<IRedactions> {
    this.asked.push(path);
    await Promise.resolve();
    if (this.refusal !== null) {
      throw this.refusal;
    }
    return { path, complete: true, redactions: [], last_save: null };
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await Promise.resolve();
  }
}

function staged(): { stage: Stage; redactions: NotebookRedactions } {
  const stage = new Stage();
  const model = {
    redacted: stage.redacted,
    redactions: (path: string) => stage.look(path)
  } as unknown as ILeaseModel;
  return { stage, redactions: new NotebookRedactions(model, stage) };
}

describe('what is redacted in a notebook', () => {
  it('is asked for once, and only while somebody looks', async () => {
    const { stage, redactions } = staged();
    stage.changed.emit(undefined);
    expect(stage.asked).toEqual([]);
    redactions.watch(true);
    stage.changed.emit(undefined);
    await settled();
    expect(stage.asked).toEqual(['work.ipynb']);
    expect(redactions.value?.path).toBe('work.ipynb');
  });

  it('is asked for again when the server says that it differs, or may', async () => {
    const { stage, redactions } = staged();
    redactions.watch(true);
    await settled();
    stage.redacted.emit(['other.ipynb']);
    await settled();
    expect(stage.asked).toHaveLength(1);
    stage.redacted.emit(['work.ipynb']);
    await settled();
    stage.redacted.emit([]);
    await settled();
    expect(stage.asked).toHaveLength(3);
  });

  it('follows the person to another notebook, whichever answer comes last', async () => {
    const { stage, redactions } = staged();
    redactions.watch(true);
    stage.path = 'other.ipynb';
    stage.changed.emit(undefined);
    await settled();
    expect(redactions.value?.path).toBe('other.ipynb');
    stage.path = null;
    stage.changed.emit(undefined);
    await settled();
    expect(redactions.value).toBeNull();
  });

  it('tells why there is no answer, unless the file is not there yet', async () => {
    const { stage, redactions } = staged();
    stage.refusal = new QcredError(503, 'busy', 'The file cannot be read', 'Try again');
    redactions.watch(true);
    await settled();
    expect(redactions.failure?.message).toBe('The file cannot be read. Try again.');
    stage.refusal = new QcredError(404, 'not_found', 'There is no such file');
    stage.redacted.emit([]);
    await settled();
    expect([redactions.value, redactions.failure]).toEqual([null, null]);
  });
});
