/** What every activity gets without asking: heartbeats while it runs, and the deal's and envelope's id on its log lines. */
import { heartbeat, type Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';

interface AboutADeal {
  dealId?: unknown;
  envelopeId?: unknown;
}

function isAboutADeal(argument: unknown): argument is AboutADeal {
  return typeof argument === 'object' && argument !== null;
}

export function activityInterceptors(context: Context): ActivityInterceptors {
  let about: AboutADeal = {};
  return {
    inbound: {
      async execute(input, next) {
        const [argument] = input.args;
        if (isAboutADeal(argument)) about = argument;
        const { heartbeatTimeoutMs } = context.info;
        if (!heartbeatTimeoutMs) return next(input);
        // A worker that dies is noticed when its heartbeats stop, long before the activity's own time is up.
        const beat = setInterval(() => heartbeat(), heartbeatTimeoutMs / 4);
        try {
          return await next(input);
        } finally {
          clearInterval(beat);
        }
      },
    },
    outbound: {
      getLogAttributes: (input, next) => next({ ...input, dealId: about.dealId, envelopeId: about.envelopeId }),
    },
  };
}
