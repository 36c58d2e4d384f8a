/**
 * Bundled into traced workflows, after Temporal's own interceptors. What a deal hears (a webhook, a review) belongs to the trace of whoever sent it;
 * a link each way joins it with the trace of the deal.
 */
import { trace, type Span } from '@opentelemetry/api';
import type { WorkflowInterceptors } from '@temporalio/workflow';

export const interceptors = (): WorkflowInterceptors => {
  let run: Span | undefined;

  function join(): void {
    const heard = trace.getActiveSpan();
    if (!run || !heard || run === heard) return;
    heard.addLink({ context: run.spanContext() });
    run.addLink({ context: heard.spanContext() });
  }

  return {
    inbound: [
      {
        execute(input, next) {
          run = trace.getActiveSpan();
          return next(input);
        },
        handleSignal(input, next) {
          join();
          return next(input);
        },
        handleUpdate(input, next) {
          join();
          return next(input);
        },
      },
    ],
  };
};
