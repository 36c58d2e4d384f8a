/** Links that lead out of the console. */
import type { ComponentChildren, VNode } from 'preact';
import { workflowIdOf } from '../../deal/ids.js';

/** Where Temporal's UI is, and the namespace of the deals. */
export interface TemporalUi {
  url: string;
  namespace: string;
}

/** To a web address, in a new tab that does not learn where it was opened from. Of any other address only the text is left. */
export function Outward({ href, children }: { href: string; children: ComponentChildren }): VNode {
  if (!isWebAddress(href)) return <span>{children} (its address is no web address)</span>;
  return (
    <a class="outward" href={href} target="_blank" rel="noopener noreferrer">
      {children}
      <span class="quiet"> (opens a new tab)</span>
    </a>
  );
}

function isWebAddress(href: string): boolean {
  return URL.canParse(href) && ['http:', 'https:'].includes(new URL(href).protocol);
}

/** The run in Temporal's UI; without its id, which the list lags to know, all runs of the deal's workflow. */
export function runAddress(ui: TemporalUi, dealId: string, round: number, runId: string | undefined): string {
  const workflows = `${ui.url}/namespaces/${encodeURIComponent(ui.namespace)}/workflows`;
  const workflowId = workflowIdOf(dealId, round);
  if (runId !== undefined) return `${workflows}/${encodeURIComponent(workflowId)}/${encodeURIComponent(runId)}`;
  return `${workflows}?query=${encodeURIComponent(`WorkflowId="${workflowId}"`)}`;
}
