import { describe, expect, it } from 'vitest';

import type { Kind } from '../src/guard/replace';
import { imports, replacement, valueOf } from '../src/guard/replace';

const SECRET = 'S3cret-of-a-vendor';
const CALL = 'qcred.get("ionq").reveal()';
const HELD = '[redacted:ionq]';

/** A source after its key was taken out; with an import at it already. */
function taken(source: string, kind: Kind = 'python', imported = true): string {
  let text = source;
  const made = replacement(source, { secret: SECRET, name: 'ionq', field: '' }, kind, imported);
  for (const { start, end, text: put } of [...made.edits].reverse()) {
    text = text.slice(0, start) + put + text.slice(end);
  }
  return text;
}

describe('a key that is a literal of its own', () => {
  it.each([
    [`f("${SECRET}")`, `f(${CALL})`],
    [`f('${SECRET}', x)`, `f(${CALL}, x)`],
    [`t = """\n${SECRET}\n"""`, `t = ${CALL}`],
    [`t = r'${SECRET}'`, `t = ${CALL}`],
    [`t = f"${SECRET}"`, `t = ${CALL}`],
    [`t = Rb"${SECRET}"`, `t = ${CALL}.encode()`],
    [`d = {"token": "${SECRET}", "b": '${SECRET}'}`, `d = {"token": ${CALL}, "b": ${CALL}}`],
    [`s = "it's"  # don't\nt = "${SECRET}"`, `s = "it's"  # don't\nt = ${CALL}`],
    [`a = '"'; t = "${SECRET} "`, `a = '"'; t = ${CALL}`],
    [`t = "${SECRET}\\n"`, `t = ${CALL}`],
    [`!echo it's\nt = "${SECRET}"`, `!echo it's\nt = ${CALL}`],
    [`%%time\nt = "${SECRET}"`, `%%time\nt = ${CALL}`],
    [`x = """it's"""; t = "${SECRET}"`, `x = """it's"""; t = ${CALL}`],
    [`s = "\\"x"; t = "${SECRET}"`, `s = "\\"x"; t = ${CALL}`]
  ])('becomes the call: %j', (source, expected) => {
    expect(taken(source)).toBe(expected);
  });
});

describe('a key that is part of something else', () => {
  it.each([
    `h = "Bearer ${SECRET}"`,
    `# ${SECRET}`,
    `t = ("a" "${SECRET}")`,
    `t = ("${SECRET}"\n     "b")`,
    `%env TOKEN=${SECRET}`,
    `!curl -H "${SECRET}"`,
    `%%bash\nexport TOKEN="${SECRET}"`,
    `t = ${SECRET}`,
    `t = "${SECRET}`,
    `x = 'a "${SECRET}" b'`
  ])('becomes a placeholder: %j', source => {
    expect(taken(source)).toBe(source.replaceAll(SECRET, HELD));
  });

  it('is told of by its number, and not in prose', () => {
    const all = { secret: SECRET, name: 'ionq', field: '' };
    const source = `# ${SECRET}\nf("${SECRET}")\n# ${SECRET}`;
    expect(replacement(source, all, 'python', true).placeholders).toBe(2);
    expect(replacement(source, all, 'other', true).placeholders).toBe(3);
    expect(replacement(source, all, 'prose', true).placeholders).toBe(0);
    expect(taken(`Mine is ${SECRET}.`, 'prose')).toBe('Mine is qcred.get("ionq").');
  });
});

describe('the import', () => {
  const line = 'import jupyter_qcred as qcred\n\n';
  it.each([
    ['', ''],
    ['%%time\n', ''],
    ['# a title\n\n%matplotlib inline\nfrom __future__ import annotations\n', '']
  ])('comes before the first line that needs it: %j', above => {
    expect(taken(`${above}t = "${SECRET}"`, 'python', false)).toBe(`${above}${line}t = ${CALL}`);
  });

  it('is not needed where there is one, nor where there is no call', () => {
    expect(imports('x = 1\n  import  jupyter_qcred as qcred')).toBe(true);
    expect(imports('# import jupyter_qcred as qcred')).toBe(false);
    expect(imports('import jupyter_qcred as q')).toBe(false);
    expect(taken(`${line}t = "${SECRET}"`, 'python', false)).toBe(`${line}t = ${CALL}`);
    expect(taken(`# ${SECRET}`, 'python', false)).toBe(`# ${HELD}`);
    expect(taken(`# ${SECRET}\nt = "${SECRET}"`, 'python', false)).toBe(
      `# ${HELD}\n${line}t = ${CALL}`
    );
  });
});

describe('the value', () => {
  const value = (source: string, secret: string): string => {
    const start = source.indexOf(secret);
    return valueOf(source, start, start + secret.length, 'python');
  };

  it('is what a literal means', () => {
    expect(value('t = "a\\nb\\\\"', 'a\\nb\\\\')).toBe('a\nb\\');
    expect(value('t = r"a\\nb"', 'a\\nb')).toBe('a\\nb');
    expect(value('t = "x a\\nb"', 'a\\nb')).toBe('a\\nb');
  });
});
