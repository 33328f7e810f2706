/** Where a page keeps something until it is closed. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem'>;

const PLACE = 'jupyter-qcred:dismissed';
const MOST = 50;

/** The sessions of notebooks whose banner was dismissed; survives a reload of the page. */
export class Dismissed {
  /** @param shelf throws where the browser keeps nothing */
  constructor(private readonly shelf: () => Shelf) {}

  has(session: string): boolean {
    return this.all().includes(session);
  }

  add(session: string): void {
    const others = this.all().filter(one => one !== session);
    try {
      this.shelf().setItem(PLACE, JSON.stringify([...others, session].slice(-MOST)));
    } catch {
      // A browser that keeps nothing shows it again after a reload.
    }
  }

  private all(): readonly string[] {
    try {
      const found: unknown = JSON.parse(this.shelf().getItem(PLACE) ?? '[]');
      return Array.isArray(found) ? found.filter(one => typeof one === 'string') : [];
    } catch {
      return [];
    }
  }
}
