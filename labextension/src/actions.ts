import { Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { reported } from './reporting';
import type { ILease } from './snapshot';
import type { ILeaseModel } from './tokens';
import type { IRedaction, IRevocation, Selector } from './wire';
import { clock, ending, names, notebookName } from './words';

/** Milliseconds that a message stays, by how much there is to read; without them, none is shown. */
const SHORT = 5000;
const LONG = 12_000;

/** What a person can do to leases: each asks first where something ends, and tells what came of it. */
export class LeaseActions {
  constructor(
    private readonly model: ILeaseModel,
    private readonly trans: TranslationBundle
  ) {}

  async renew(lease: ILease): Promise<void> {
    const { trans } = this;
    await this.reported(async () => {
      const { outstanding } = await this.model.renew(lease.id);
      if (outstanding) {
        Notification.info(
          trans.__('%1: the issuer has not answered yet. The renewal goes on.', lease.credential),
          { autoClose: LONG }
        );
      } else {
        Notification.success(trans.__('%1 was renewed.', lease.credential), { autoClose: SHORT });
      }
    });
  }

  async revoke(lease: ILease): Promise<void> {
    const { trans } = this;
    const sure = await this.asked(
      trans.__('Revoke %1?', lease.credential),
      trans.__(
        '%1 is taken from the kernel of %2. %3. A cell that uses it again asks for a new one.',
        lease.credential,
        notebookName(lease.notebook, trans),
        ending(lease, Date.now(), trans)
      )
    );
    if (sure) {
      await this.reported(async () => this.tell(await this.model.revokeLease(lease.id)));
    }
  }

  /** Revoke all that is selected: of one kernel, or of all. */
  async revokeAll(leases: readonly ILease[], selector: Selector): Promise<void> {
    const { trans } = this;
    const held = names([...new Set(leases.map(lease => lease.credential))], trans);
    const sure = await this.asked(
      'all' in selector
        ? trans.__('Revoke what all kernels hold?')
        : trans.__('Revoke all that this kernel holds?'),
      trans.__(
        'Taken from the kernel: %1. What the issuer can end, it ends. Cells that use a credential again ask for a new one.',
        held
      )
    );
    if (sure) {
      await this.reported(async () => this.tell(await this.model.revoke(selector)));
    }
  }

  /** Say why something that was redacted is no secret. */
  async allow(redaction: IRedaction): Promise<void> {
    const { trans } = this;
    const { value } = await InputDialog.getText({
      title: trans.__('Why is this no secret?'),
      label: trans.__(
        'It is left as it is from the next save on, in every file of yours. Your reason goes to the audit.'
      ),
      required: true,
      okLabel: trans.__('Not a Secret')
    });
    const reason = value?.trim() ?? '';
    if (reason !== '') {
      await this.reported(async () => {
        for (const fingerprint of redaction.fingerprints) {
          await this.model.allow(fingerprint, reason);
        }
        Notification.success(trans.__('From the next save on it is left as it is.'), {
          autoClose: SHORT
        });
      });
    }
  }

  private async asked(title: string, body: string): Promise<boolean> {
    const { trans } = this;
    const answer = await showDialog({
      title,
      body,
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Revoke') })],
      defaultButton: 0
    });
    return answer.button.accept;
  }

  private reported(doing: () => Promise<void>): Promise<void> {
    return reported(doing, this.trans);
  }

  /** Only what the issuer confirmed is called revoked. */
  private tell(revocation: IRevocation): void {
    const { trans } = this;
    const now = Date.now();
    if (revocation.outstanding) {
      Notification.warning(
        trans.__(
          'No kernel has it any more. The issuer has not confirmed yet, and is asked until it does.'
        ),
        { autoClose: LONG }
      );
    }
    const dead = revocation.credentials.filter(one => one.outcome === 'confirmed');
    if (dead.length > 0) {
      const which = names([...new Set(dead.map(one => one.credential))], trans);
      Notification.success(trans.__('%1: revoked, and confirmed by the issuer.', which), {
        autoClose: SHORT
      });
    }
    for (const one of revocation.credentials) {
      if (one.outcome === 'unsupported') {
        Notification.info(livesOn(one.credential, one.expires_in, now, trans), { autoClose: LONG });
      }
    }
    if (revocation.credentials.length === 0 && !revocation.outstanding) {
      Notification.info(trans.__('Nothing was held.'), { autoClose: SHORT });
    }
  }
}

function livesOn(
  credential: string,
  expiresIn: number | null,
  now: number,
  trans: TranslationBundle
): string {
  return expiresIn === null
    ? trans.__('%1: taken from the kernel. The key itself stays valid at its vendor.', credential)
    : trans.__(
        '%1: taken from the kernel. Nobody can end it earlier: it dies at %2.',
        credential,
        clock(now + expiresIn * 1000, now)
      );
}
