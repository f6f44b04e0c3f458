/** What things of a description are called on GitLab. */
import type { CiPipeline } from '../flow/ci/pipelines';

/** An expression that is a value of the matrix by itself. */
export const MATRIX = /^\$\{\{\s*matrix\.([A-Za-z_]\w*)\s*\}\}$/;
const EXPRESSION = /\$\{\{[\s\S]*?\}\}|\$\{\{/g;

/** The key of a job: all pipelines are in one file, so with several of them its pipeline comes first. */
export function jobKey({ name }: CiPipeline, job: string, several: boolean): string {
  return several ? `${name}:${job}` : job;
}

/** The variable of a value of the matrix. */
export function variable(name: string): string {
  return name.toUpperCase();
}

/** The expressions of GitHub in a text, also one that does not end. */
export function expressionsIn(text: string): string[] {
  return text.match(EXPRESSION) ?? [];
}

/** `${{ matrix.node }}` of GitHub is `$NODE` of GitLab. */
export function translated(text: string): string {
  return text.replace(EXPRESSION, (expression) => {
    const name = MATRIX.exec(expression)?.[1];
    return name === undefined ? expression : `\${${variable(name)}}`;
  });
}
