import { counted, lowered } from './characters';
import { rules } from './patterns';
import type { Places } from './probe';
import { AT_ONCE, placed, Probe } from './probe';
import type { IFinding, IRule } from './rule';
import { views } from './views';

const BY_ID: ReadonlyMap<string, IRule> = new Map(rules.map(rule => [rule.id, rule]));
const PROBES: readonly Probe[] = rules.map(rule => new Probe(rule));

/** The rule of an id. */
export function ruleOf(id: string): IRule {
  const rule = BY_ID.get(id);
  if (rule === undefined) {
    throw new Error(`there is no rule ${id}`);
  }
  return rule;
}

/**
 * Look for keys in a text, with a pause after each piece of work, so that who drives it can let the
 * page live. The time grows with the length alone: rules are tried only where a word of theirs
 * stands, and no RegExp goes back over what it took.
 *
 * @returns what is found, in order, none overlapping another
 */
export function* search(original: string): Generator<undefined, readonly IFinding[]> {
  const whole = counted(original);
  const found: IFinding[] = [];
  for (const view of views(whole.text)) {
    const small = lowered(view.text);
    for (const probe of PROBES) {
      const anchors = yield* places(small, probe.rule.anchors);
      for (const span of probe.spans(view.text, anchors)) {
        if (span !== undefined) {
          const [start, end] = view.back(...span);
          found.push({ start: whole.back(start), end: whole.back(end), rule: probe.rule.id });
        }
        yield;
      }
    }
  }
  return settled(found);
}

/** Where some words stand, in order. */
function* places(text: string, words: readonly string[]): Generator<undefined, Places> {
  const found: number[] = [];
  for (const word of words) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      found.push(placed(at, word.length));
      if (found.length % AT_ONCE === 0) {
        yield;
      }
    }
    yield;
  }
  return Float64Array.from(found).sort();
}

/** Overlapping findings become one, named by the rule of the highest priority, or the longest. */
function settled(found: readonly IFinding[]): readonly IFinding[] {
  const groups: IFinding[][] = [];
  let end = 0;
  for (const one of [...found].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const last = groups[groups.length - 1];
    if (last !== undefined && one.start < end) {
      last.push(one);
      end = Math.max(end, one.end);
    } else {
      groups.push([one]);
      end = one.end;
    }
  }
  return groups.map(group => ({
    start: Math.min(...group.map(one => one.start)),
    end: Math.max(...group.map(one => one.end)),
    rule: group.reduce((best, one) => (better(one, best) ? one : best)).rule
  }));
}

function better(one: IFinding, other: IFinding): boolean {
  const first = ruleOf(one.rule).priority - ruleOf(other.rule).priority;
  const longer = one.end - one.start - (other.end - other.start);
  return (first || longer || (one.rule > other.rule ? 1 : -1)) > 0;
}
