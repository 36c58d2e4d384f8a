/** `countersign doctor`: looks at every setting and connection and says how to mend what is wrong. Changes nothing. */
import { problem, skipped, wordsOf, type Check, type Probe } from './check.js';
import { keyChecks, reportKeys, type KeyReport, type KeyRing } from './keys.js';
import { askOpenDeals, type AskingOptions } from './open-deals.js';
import { settingsChecks, type ReadSettings } from './settings-checks.js';
import { examineTemporal, type TemporalPart } from './temporal-checks.js';

/** What there is to look at. A part is left out when it is not asked for, or when its settings cannot be read. */
export interface DoctorParts {
  settings: readonly ReadSettings[];
  temporal?: TemporalPart;
  /** CRM, document store, Atlas and the like: looked at side by side, told in this order. */
  probes: readonly Probe[];
  /** Asked for together with Temporal only. */
  keyRing?: KeyRing;
}

export interface DoctorReport {
  /** False when there is a problem; warnings do not count. */
  ok: boolean;
  checks: Check[];
  /** Null when the open deals were not asked. */
  keys: KeyReport | null;
}

export async function examine(parts: DoctorParts, asking: AskingOptions = {}): Promise<DoctorReport> {
  const settings = settingsChecks(parts.settings);
  const [temporal, ...probed] = await Promise.all([
    parts.temporal && examineTemporal(parts.temporal),
    ...parts.probes.map((look) => look()),
  ]);
  const { checks: onKeys, keys } = await examineKeys(parts, temporal, asking);
  const checks = [...settings, ...(temporal?.checks ?? []), ...probed.flat(), ...onKeys];
  if (settings.some(({ status }) => status === 'problem')) {
    checks.push(skipped('the rest', 'what the settings above are needed for was not checked: mend them, then repeat'));
  }
  return { ok: checks.every(({ status }) => status !== 'problem'), checks, keys };
}

async function examineKeys(
  { temporal, keyRing }: DoctorParts,
  findings: { lists: boolean; answers: boolean } | undefined,
  asking: AskingOptions,
): Promise<{ checks: Check[]; keys: KeyReport | null }> {
  const name = 'API keys of open deals';
  const none = (check: Check): { checks: Check[]; keys: null } => ({ checks: [check], keys: null });
  if (!temporal || !keyRing || !findings) return { checks: [], keys: null };
  if (!findings.lists) return none(skipped(name, 'not checked: Temporal does not list the deals'));
  if (!findings.answers) return none(skipped(name, 'not checked: without a worker no deal answers'));
  try {
    const keys = reportKeys(await askOpenDeals(temporal.temporal, asking), keyRing);
    return { checks: keyChecks(keys), keys };
  } catch (error) {
    return none(
      problem(
        name,
        `the open deals cannot be listed: ${wordsOf(error)}`,
        'Check Temporal’s visibility store, then repeat.',
      ),
    );
  }
}
