/** Lines of context around a change. */
const CONTEXT = 2;

/** Lines that one edit adds at most; a longer run of new lines is shown as a replacement. */
const LOOK_AHEAD = 40;

interface Step {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** The difference of two texts as `diff -u` and `git apply` have it; empty when they are the same. */
export function diffOf(file: string, before: string, after: string): string {
  if (before === after) return '';
  const steps = stepsOf(split(before), split(after));
  const changed = steps.flatMap(({ sign }, at) => (sign === ' ' ? [] : [at]));
  const hunks: [number, number][] = [];
  for (const at of changed) {
    const last = hunks.at(-1);
    const [from, to] = [Math.max(0, at - CONTEXT), Math.min(steps.length, at + CONTEXT + 1)];
    if (last && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  }
  const name = file.replace(/^\//, '');
  return [`--- a/${name}`, `+++ b/${name}`, ...shown(steps, hunks), ''].join('\n');
}

/** The lines, each with its end, so that a missing one at the end of the file is seen. */
function split(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The hunks, each with the numbers of its first lines. */
function shown(steps: readonly Step[], hunks: readonly [number, number][]): string[] {
  const count = (signs: string, from: number, to: number) => {
    let found = 0;
    for (let i = from; i < to; i++) if (signs.includes(steps[i].sign)) found++;
    return found;
  };
  let [until, before, after] = [0, 1, 1];
  return hunks.flatMap(([from, to]) => {
    const [removed, added] = [' -', ' +'].map((signs) => count(signs, from, to));
    before += count(' -', until, from);
    after += count(' +', until, from);
    const header = `@@ -${before},${removed} +${after},${added} @@`;
    [until, before, after] = [to, before + removed, after + added];
    const lines = steps
      .slice(from, to)
      .map(({ sign, line }) =>
        line.endsWith('\n') ? sign + line.slice(0, -1) : `${sign}${line}\n\\ No newline at end of file`,
      );
    return [header, ...lines];
  });
}

/** Edits add lines or change one: so lines are compared in order, and an added line is found a little further on. */
function stepsOf(before: readonly string[], after: readonly string[]): Step[] {
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && before[i] === after[j]) {
      steps.push({ sign: ' ', line: before[i] });
      i++;
      j++;
      continue;
    }
    const added = i < before.length ? after.slice(j, j + LOOK_AHEAD).indexOf(before[i]) : after.length - j;
    if (added > 0) {
      for (const line of after.slice(j, j + added)) steps.push({ sign: '+', line });
      j += added;
      continue;
    }
    if (i < before.length) steps.push({ sign: '-', line: before[i++] });
    if (j < after.length) steps.push({ sign: '+', line: after[j++] });
  }
  return steps;
}
