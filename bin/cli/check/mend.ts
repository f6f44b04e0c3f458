/**
 * `check --fix`: edits files, and keeps only what the rules accept afterwards.
 */
import { readFileSync } from 'node:fs';
import { printable, Total } from '../../../lib/rules/limits';
import { loadRules } from '../../../lib/rules/load';
import type { Report, Reported } from '../../../lib/rules/report/report';
import type { Candidate, Found } from '../sources';
import { writeText } from '../write-file';

/** What was mended, in words, and the report of what is left. */
interface Mended {
  readonly out: string;
  readonly report: Report;
}

/**
 * Mends what the report has a value for. An edit that does not remove its finding, in a file that an overlay changes for
 * instance, is not made.
 *
 * @param judge judges the files with other texts
 */
export function mend(
  before: Report,
  found: Found,
  judge: (found: Found) => Report,
  { dryRun }: { dryRun?: boolean },
): Mended {
  const { diffOf, fixesOf } = loadRules();
  const { sources, first, useless, useful } = tried(before, found, judge);
  const { texts, fixed, left } = useless.length === 0 ? first : fixesOf(useful, sources);
  const after = withTexts(found, texts);
  const original = new Map(found.candidates.map(({ file, text }) => [file, text]));
  const diffs = [...texts].map(([file, text]) => diffOf(file, original.get(file)!, text));
  const refused = [...left, ...useless.map((finding) => ({ finding, why: 'the finding would stay' }))];
  const lines = [
    ...fixed.map((finding) => `${dryRun ? 'would fix' : 'fixed'} ${told(finding)}: ${printable(finding.fix)}`),
    ...refused.map(({ finding, why }) => `not fixed ${told(finding)}: ${printable(why)}`),
  ];
  const out = [...diffs.map(shown), ...lines.map((line) => `${line}\n`), ...(lines.length > 0 ? ['\n'] : [])].join('');
  if (dryRun) return { out, report: before };
  for (const [file, text] of texts) writeText(file, text);
  return { out, report: judge(after) };
}

/** The report with what `--fix` would replace for each finding, where it removes the finding. */
export function withReplacements(report: Report, found: Found, judge: (found: Found) => Report): Report {
  if (report.findings.every(({ instead }) => instead === undefined)) return report;
  const { placeIn, replacementsOf } = loadRules();
  const { sources, useful } = tried(report, found, judge);
  const replacements = replacementsOf(useful, sources);
  const places = new Map(sources.map(({ file, text }) => [file, placeIn(text)]));
  const findings = report.findings.map((finding): Reported => {
    const replacement = replacements.get(finding);
    if (replacement === undefined) return finding;
    const placeAt = places.get(finding.file)!;
    const { from, until, text } = replacement;
    return { ...finding, replacement: { from: placeAt(from), until: placeAt(until), text } };
  });
  return { ...report, findings };
}

/** All edits, and which of them do not remove their finding. */
function tried(report: Report, found: Found, judge: (found: Found) => Report) {
  const { fixesOf, placeOf } = loadRules();
  const wanted = new Set(report.findings.filter(({ instead }) => instead !== undefined).map(({ file }) => file));
  const sources = found.candidates
    .filter(({ file }) => wanted.has(file))
    .map((one) => ({ ...one, locked: locked(one.file, one.text) }));
  const first = fixesOf(report.findings, sources);
  const key = (finding: Reported) => `${finding.ruleId}\n${placeOf(finding)}`;
  const stays = new Set(judge(withTexts(found, first.texts)).findings.map(key));
  const useless = first.fixed.filter((finding) => stays.has(key(finding)));
  const without = new Set(useless);
  return { sources, first, useless, useful: report.findings.filter((finding) => !without.has(finding)) };
}

function told(finding: Reported): string {
  const { resourceOf } = loadRules();
  return `${finding.ruleId} ${printable(resourceOf(finding))} in ${printable(finding.file)}`;
}

function withTexts(found: Found, texts: ReadonlyMap<string, string>): Found {
  const candidates = found.candidates.map((one): Candidate => ({ ...one, text: texts.get(one.file) ?? one.text }));
  return { ...found, candidates, total: new Total() };
}

/** The bytes of the file have to be those of the text, or an edit would change the encoding, or undo what was just saved. */
function locked(file: string, text: string): string | undefined {
  try {
    return readFileSync(file).equals(Buffer.from(text)) ? undefined : 'it is not in UTF-8, or has a byte order mark';
  } catch {
    return 'it is not a file of its own';
  }
}

/** A difference with its tabs and ends of lines, and with no character that would move the cursor. */
function shown(diff: string): string {
  return diff.replace(/[^\t\r\n]+/g, printable);
}
