/** Whether the open deals can be read with the keys there are: what the doctor says of `PAYLOAD_KEYS`. */
import { WORKFLOW_TYPE } from '../../deal/messages.js';
import type { TemporalClient } from '../../temporal/connection.js';
import { undecipherableIn } from '../../temporal/encryption.js';
import { ok, problem, warning, wordsOf, type Check } from '../check.js';

const NAME = 'PAYLOAD_KEYS';
const CALL_MS = 10_000;
const QUERY = `WorkflowType = "${WORKFLOW_TYPE}" AND ExecutionStatus = "Running"`;
const ENOUGH = 200;

export interface PayloadKeysPart {
  temporal: TemporalClient;
  payloadKeyIds?: readonly string[];
}

/** One check; none where there are no keys and no deal needs any. Reads the memos of the newest open deals. */
export async function payloadKeyChecks({ temporal, payloadKeyIds = [] }: PayloadKeysPart): Promise<Check[]> {
  try {
    const read = await temporal.connection.withDeadline(Date.now() + CALL_MS, () => readMemos(temporal));
    const [inUse, ...others] = payloadKeyIds;
    if (inUse === undefined) return [];
    const older = others.length > 0 ? `, ${others.join(', ')} for what is older` : '';
    return [ok(NAME, `${inUse} encrypts${older}; ${read} open deals were read`)];
  } catch (error) {
    const undecipherable = undecipherableIn(error);
    if (undecipherable) {
      return [
        problem(
          NAME,
          `an open deal cannot be read: ${undecipherable.message}`,
          'Give all processes the same PAYLOAD_KEYS; countersign keys rotate-check says which deals need which key.',
        ),
      ];
    }
    const fix = 'Check Temporal’s visibility store, then repeat.';
    return payloadKeyIds.length === 0 ? [] : [warning(NAME, `no deal could be read: ${wordsOf(error)}`, fix)];
  }
}

async function readMemos({ client }: TemporalClient): Promise<number> {
  let count = 0;
  const deals = client.workflow.list({ query: QUERY, pageSize: ENOUGH })[Symbol.asyncIterator]();
  while (count < ENOUGH && !(await deals.next()).done) count += 1;
  return count;
}
