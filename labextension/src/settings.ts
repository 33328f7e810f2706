import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';

/** What a user has set; the schema's own values until that is known. */
export class Settings {
  readonly changed = new Signal<this, void>(this);
  private values: ISettingRegistry.ISettings | null = null;

  /**
   * @param registry null where the application has none
   * @param plugin whose schema it is
   */
  constructor(registry: ISettingRegistry | null, plugin: string) {
    void registry
      ?.load(plugin)
      .then(values => {
        this.values = values;
        values.changed.connect(() => this.changed.emit(undefined));
        this.changed.emit(undefined);
      })
      .catch((reason: unknown) => console.error(`${plugin}: its settings were not read`, reason));
  }

  /** Seconds before an end from which on it may be warned of. */
  get warnBefore(): number {
    return this.read('warnBefore', 120);
  }

  /** Whether keys in cells are noticed. */
  get pasteGuard(): boolean {
    return this.read('pasteGuard', true);
  }

  private read<T extends number | boolean>(name: string, otherwise: T): T {
    const value = this.values?.get(name).composite;
    return typeof value === typeof otherwise ? (value as T) : otherwise;
  }
}
