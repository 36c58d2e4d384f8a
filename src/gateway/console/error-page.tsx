import type { VNode } from 'preact';
import type { Problem } from '../problem.js';

/** What the page of an error says above its message; by the stable name of the problem, or else its status. */
const HEADINGS: Partial<Record<string, string>> = {
  'temporal-unavailable': 'Temporal is away',
  'no-worker': 'No worker answers',
  'identity-unavailable': 'The identity provider is away',
  'unknown-deal': 'No such deal',
  'unknown-page': 'No such page',
  forbidden: 'Not for your role',
  'foreign-form': 'Not sent from this console',
  unexpected: 'Something failed',
  'provider-unavailable': 'The e-sign provider is away',
  'not-now': 'Not now',
  'deal-ended': 'The deal has ended',
  unauthorized: 'Not logged in',
};

const CHECKS: Partial<Record<string, readonly string[]>> = {
  'temporal-unavailable': [
    'Is the Temporal server up, and reached from the gateway at TEMPORAL_ADDRESS?',
    'Do the namespace and the credentials fit? countersign doctor checks both.',
  ],
  'no-worker': [
    'Is a worker up (npm run worker), on the same TASK_QUEUE and namespace as this gateway?',
    'Does its log tell why it does not answer? countersign doctor looks whether one polls.',
  ],
};

export function headingOf(problem: Problem): string {
  return HEADINGS[problem.kind] ?? (problem.status < 500 ? 'That cannot be done' : 'Something failed');
}

/** `requestId` finds what failed in the gateway's log. */
export function ErrorPage({ problem, requestId }: { problem: Problem; requestId: string }): VNode {
  const checks = CHECKS[problem.kind];
  return (
    <div class="narrow">
      <h1>{headingOf(problem)}</h1>
      <div class="card">
        <p class="lead">{problem.message}</p>
        {checks && (
          <>
            <h2>What to check</h2>
            <ul>
              {checks.map((check) => (
                <li>{check}</li>
              ))}
            </ul>
            <p>No deal is lost meanwhile: each goes on where it stands. This page looks again by itself.</p>
          </>
        )}
        <p>
          <a href="/">To the queue</a>
        </p>
      </div>
      {problem.status >= 500 && (
        <p class="muted">
          Request <code>{requestId}</code>
        </p>
      )}
    </div>
  );
}
