import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { IParts } from './keyParts';
import { MAIN, partsOf } from './keyParts';

/** Let a person type a key; null where they did not want to. */
export async function typedKey(
  credential: string,
  trans: TranslationBundle
): Promise<ReadonlyMap<string, string> | null> {
  const { button, value } = await showDialog({
    title: trans.__('Store a key for %1', credential),
    body: new KeyForm(partsOf(credential), trans),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Store') })],
    focusNodeSelector: 'input'
  });
  return button.accept ? value : null;
}

/** Hidden fields for what is secret, others for what is not. */
class KeyForm extends Widget implements Dialog.IBodyWidget<ReadonlyMap<string, string>> {
  private readonly inputs = new Map<string, HTMLInputElement>();

  constructor({ secret, plain }: IParts, trans: TranslationBundle) {
    super();
    this.addClass('qcred-form');
    const text = document.createElement('p');
    text.textContent = trans.__(
      'It is stored on this server, encrypted, and shown nowhere again. Kernels get it when a cell asks for it.'
    );
    this.node.append(text);
    for (const name of secret) {
      this.add(name, name === MAIN ? trans.__('Key') : name, true);
    }
    for (const name of plain) {
      this.add(name, trans.__('%1 (no secret)', name), false);
    }
  }

  getValue(): ReadonlyMap<string, string> {
    const values = new Map<string, string>();
    for (const [name, input] of this.inputs) {
      const value = input.value.trim();
      if (value !== '' || input.type === 'password') {
        values.set(name, value);
      }
      input.value = ''; // the dialog goes, and so does what was typed
    }
    return values;
  }

  private add(name: string, title: string, hidden: boolean): void {
    const label = document.createElement('label');
    const input = document.createElement('input');
    input.type = hidden ? 'password' : 'text';
    // No browser is to keep it: `off` alone is not heeded for passwords.
    input.autocomplete = hidden ? 'new-password' : 'off';
    input.spellcheck = false;
    input.className = 'jp-mod-styled';
    label.append(title, input);
    this.node.append(label);
    this.inputs.set(name, input);
  }
}
