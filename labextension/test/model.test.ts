import { describe, expect, it } from 'vitest';

import type { ILeaseClient } from '../src/client';
import { QcredError } from '../src/errors';
import type { ISurroundings } from '../src/model';
import { LeaseModel, PAUSE, WAIT } from '../src/model';
import { Retry } from '../src/retry';
import type { INews } from '../src/wire';
import { credential, kernel, status } from './answers';

const held = status([kernel({ credentials: [credential()] })]);

function news(id: string, fields: Partial<INews> = {}): INews {
  return { id, status: null, resumed: true, redactions: [], ...fields };
}

/** A server that answers when a test says so, and a page that sleeps at the test's will. */
class Stage {
  readonly asked: { since: string; wait: number }[] = [];
  readonly slept: number[] = [];
  visible = true;
  private readonly answers: ((answer: INews | Error) => void)[] = [];
  private readonly sleepers: (() => void)[] = [];
  private readonly looks: (() => void)[] = [];
  readonly model: LeaseModel;

  constructor() {
    const around: ISurroundings = {
      now: () => 0,
      sleep: (milliseconds, signal) => {
        this.slept.push(milliseconds);
        return new Promise(resolve => {
          this.sleepers.push(resolve);
          signal.addEventListener('abort', () => resolve());
        });
      },
      visible: () =>
        this.visible ? Promise.resolve() : new Promise(resolve => this.looks.push(resolve))
    };
    const client = {
      news: (since: string, wait: number) => {
        this.asked.push({ since, wait });
        return new Promise<INews>((resolve, reject) => {
          this.answers.push(answer => (answer instanceof Error ? reject(answer) : resolve(answer)));
        });
      }
    } as unknown as ILeaseClient;
    this.model = new LeaseModel(client, around);
  }

  async answer(answer: INews | Error): Promise<void> {
    this.answers.shift()?.(answer);
    await settled();
  }

  async wake(): Promise<void> {
    this.sleepers.shift()?.();
    await settled();
  }

  async show(): Promise<void> {
    this.visible = true;
    this.looks.forEach(look => look());
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

async function following(): Promise<Stage> {
  const stage = new Stage();
  void stage.model.follow();
  await settled();
  return stage;
}

describe('the model', () => {
  it('has one question open, and asks the next after the last answer', async () => {
    const stage = await following();
    expect(stage.asked).toEqual([{ since: '', wait: WAIT }]);
    await stage.answer(news('a', { status: held }));
    expect(stage.asked).toHaveLength(1);
    expect(stage.slept).toEqual([PAUSE]);
    await stage.wake();
    expect(stage.asked).toEqual([
      { since: '', wait: WAIT },
      { since: 'a', wait: WAIT }
    ]);
  });

  it('keeps what it knows where nothing is new, and tells nobody', async () => {
    const stage = await following();
    await stage.answer(news('a', { status: held }));
    let told = 0;
    stage.model.changed.connect(() => told++);
    await stage.wake();
    await stage.answer(news('a'));
    expect(told).toBe(0);
    expect(stage.model.state.snapshot?.leases).toHaveLength(1);
  });

  it('asks nothing while nobody looks', async () => {
    const stage = new Stage();
    stage.visible = false;
    void stage.model.follow();
    await settled();
    expect(stage.asked).toHaveLength(0);
    await stage.show();
    expect(stage.asked).toHaveLength(1);
  });

  it('keeps what it knows when the server is gone, waits longer each time, and recovers', async () => {
    const stage = await following();
    await stage.answer(news('a', { status: held }));
    for (let failure = 0; failure < 3; failure++) {
      await stage.wake();
      await stage.answer(new QcredError(0, 'no_answer', 'The server does not answer'));
    }
    const [, first = 0, second = 0, third = 0] = stage.slept;
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
    expect(stage.model.state.problem?.code).toBe('no_answer');
    expect(stage.model.state.snapshot?.leases).toHaveLength(1);
    await stage.wake();
    await stage.answer(news('a'));
    expect(stage.model.state.problem).toBeNull();
  });

  it('tells which files have other redactions, and that any may after a gap', async () => {
    const stage = await following();
    const told: (readonly string[])[] = [];
    stage.model.redacted.connect((_, paths) => told.push(paths));
    await stage.answer(news('a', { status: held, resumed: false }));
    await stage.wake();
    await stage.answer(news('b', { redactions: ['work.ipynb'] }));
    expect(told).toEqual([[], ['work.ipynb']]);
  });

  it('does not wait for its turn when it is to refresh', async () => {
    const stage = await following();
    await stage.answer(new QcredError(0, 'no_answer', 'The server does not answer'));
    const refreshed = stage.model.refresh();
    await stage.answer(news('b', { status: held }));
    await refreshed;
    expect(stage.model.state.snapshot?.leases).toHaveLength(1);
    await settled();
    expect(stage.asked.at(-1)).toEqual({ since: 'b', wait: WAIT });
  });

  it('is silent once it is disposed of', async () => {
    const stage = await following();
    let told = 0;
    stage.model.changed.connect(() => told++);
    stage.model.dispose();
    await stage.answer(news('a', { status: held }));
    expect(told).toBe(0);
    expect(stage.asked).toHaveLength(1);
  });
});

describe('waits after failures', () => {
  it('double up to a minute, and begin anew after a success', () => {
    const retry = new Retry(() => 1);
    expect([1, 2, 3, 4, 5, 6, 7].map(() => retry.next() / 1000)).toEqual([2, 4, 8, 16, 32, 60, 60]);
    retry.reset();
    expect(retry.next()).toBe(2000);
  });

  it('are never more than a quarter shorter', () => {
    expect(new Retry(() => 0).next()).toBe(1500);
  });
});
