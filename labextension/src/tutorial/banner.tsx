import type { NotebookPanel } from '@jupyterlab/notebook';
import { ActivityMonitor } from '@jupyterlab/coreutils';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import type { JSX } from 'react';

import type { NextSteps } from '../nextSteps';
import type { ILeaseModel } from '../tokens';
import { Bar } from './bar';
import type { Dismissed } from './dismissed';
import type { IRequirement } from './required';
import { listOf, required } from './required';
import type { INext, IStanding } from './standing';
import { missing, next, standings } from './standing';

/** Milliseconds without a change, after which the cells are read again. */
const CALM = 1000;

/** About as many pixels as it is high. */
const HEIGHT = 40;

export interface IBannerOptions {
  readonly model: ILeaseModel;
  readonly steps: NextSteps;
  readonly dismissed: Dismissed;
  readonly logIn: () => void;
  /** Offer to restart the current notebook's kernel. */
  readonly restart: () => void;
  readonly trans: TranslationBundle;
}

/** What a notebook requires and its kernel does not have, in one line above its cells. */
export class Banner extends ReactWidget {
  private readonly monitor: ActivityMonitor<unknown, unknown>;
  private requirements: readonly IRequirement[] = [];
  private narrowed = false;
  private all: readonly IStanding[] = [];
  /** The kernel that this is about. */
  private known: string | null = null;
  /** For a notebook without a session that could be remembered. */
  private closed = false;
  private readonly onNews = (): void => this.look();

  constructor(
    private readonly panel: NotebookPanel,
    private readonly options: IBannerOptions
  ) {
    super();
    const { context, sessionContext } = panel;
    this.addClass('qcred-banner');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', options.trans.__('Credentials of this notebook'));
    this.hide();
    this.monitor = new ActivityMonitor({ signal: context.model.contentChanged, timeout: CALM });
    this.monitor.activityStopped.connect(() => this.read());
    options.model.changed.connect(this.onNews);
    sessionContext.kernelChanged.connect(this.onNews);
    void context.ready.then(() => this.read());
  }

  override dispose(): void {
    this.monitor.dispose();
    this.options.model.changed.disconnect(this.onNews);
    this.panel.sessionContext.kernelChanged.disconnect(this.onNews);
    super.dispose();
  }

  protected override render(): JSX.Element {
    const { trans } = this.options;
    return (
      <Bar
        all={this.all}
        next={this.next}
        act={() => this.act()}
        dismiss={() => this.dismiss()}
        trans={trans}
      />
    );
  }

  private get kernel(): string | null {
    return this.panel.sessionContext.session?.kernel?.id ?? null;
  }

  private get session(): string | null {
    return this.panel.sessionContext.session?.id ?? null;
  }

  private get next(): INext | null {
    return next(this.all, this.options.model.state.snapshot?.storesKeys ?? false);
  }

  private get wasDismissed(): boolean {
    const { session } = this;
    return this.closed || (session !== null && this.options.dismissed.has(session));
  }

  /** See what the notebook requires now. */
  private read(): void {
    const { model } = this.panel.context;
    if (this.isDisposed) {
      return;
    }
    const metadata = { qcred: model.getMetadata('qcred') as unknown };
    const sources: string[] = [];
    for (const cell of model.cells) {
      if (cell.type === 'code') {
        sources.push(cell.sharedModel.source);
      }
    }
    this.requirements = required(metadata, sources);
    this.narrowed = listOf(metadata) !== null;
    this.look();
  }

  /** See how that stands now. */
  private look(): void {
    const { kernel } = this;
    const { snapshot } = this.options.model.state;
    const all = standings(this.requirements, this.narrowed, snapshot, kernel);
    if (all === null && kernel === this.known) {
      return; // it restarts: what was said stays until there is something else to say
    }
    this.all = all ?? [];
    this.known = kernel;
    this.appear(missing(this.all).length > 0 && !this.wasDismissed);
    this.update();
  }

  /** Come or go; what is being read or written below stays where it is on the screen. */
  private appear(visible: boolean): void {
    if (visible !== this.isHidden) {
      return;
    }
    const { outerNode } = this.panel.content;
    const keep = this.panel.isVisible && outerNode.scrollTop > 0 && !(visible && this.wouldCover);
    const before = outerNode.getBoundingClientRect().top;
    this.setHidden(!visible);
    if (keep) {
      MessageLoop.flush(); // so that both happen in one frame
      outerNode.scrollTop += outerNode.getBoundingClientRect().top - before;
    }
  }

  /** Whether the active cell begins where the line would be if nothing moved. */
  private get wouldCover(): boolean {
    const { outerNode, activeCell } = this.panel.content;
    if (activeCell === null) {
      return false;
    }
    const from = outerNode.getBoundingClientRect().top;
    const { top } = activeCell.node.getBoundingClientRect();
    return top > from - HEIGHT && top < from + HEIGHT;
  }

  private dismiss(): void {
    const { session } = this;
    if (session === null) {
      this.closed = true;
    } else {
      this.options.dismissed.add(session);
    }
    this.look();
    this.panel.activate();
  }

  private async act(): Promise<void> {
    const { next, kernel } = this;
    const { steps, logIn } = this.options;
    if (next === null || kernel === null) {
      return;
    }
    const { credential, why } = next.standing;
    switch (next.step) {
      case 'deliver':
      case 'again':
        return steps.deliver(kernel, credential);
      case 'store':
        return steps.store(kernel, credential);
      case 'list':
        return this.list(credential);
      case 'log-in':
        logIn();
        return;
      case 'ask':
        steps.ask({
          credential,
          notebook: this.panel.context.path,
          reason: why?.reason ?? '',
          code: why?.code ?? 'unknown_credential'
        });
    }
  }

  /** Add it to the notebook's own list, which the server reads when the kernel starts. */
  private async list(credential: string): Promise<void> {
    const { context } = this.panel;
    const ours: unknown = context.model.getMetadata('qcred');
    const requires = [...(listOf({ qcred: ours }) ?? []), credential];
    context.model.setMetadata('qcred', { ...(ours as object), requires });
    this.read();
    await context.save();
    this.options.restart();
  }
}
