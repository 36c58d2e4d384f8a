/** What went wrong, as a command tells it: what happened and what to do, in a line. */
import { SettingsError } from '../config.js';
import { Problem, problemOf } from '../gateway/problem.js';
import { wordsOf } from './check.js';
import { discreet } from './discreet.js';

export interface Failure {
  text: string;
  json: { ok: false; error: string } & Record<string, unknown>;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof SettingsError) {
    const { problems } = error;
    return { text: `Failed: ${problems.join('\n')}`, json: { ok: false, error: problems.join('; '), problems } };
  }
  const problem = knownProblem(error);
  if (!problem) return { text: `Failed: ${wordsOf(error)}`, json: { ok: false, error: wordsOf(error) } };
  const { kind, status, extras } = problem;
  const said = discreet(problem.message);
  return { text: `Failed: ${said}`, json: { ok: false, error: said, kind, status, ...extras } };
}

/** The problem that a desk would tell; undefined for errors that it knows nothing of. */
export function knownProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  const problem = problemOf(error);
  return problem.kind === 'unexpected' ? undefined : problem;
}
