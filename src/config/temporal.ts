/** Temporal's own variables and profiles, read as its CLI reads them. */
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import type { PayloadKey } from '../temporal/encryption.js';
import { clashOf } from './payload-keys.js';
import { readVariable, readVariables, type Environment, type Setting } from './environment.js';
import { VARIABLES } from './variables.js';

export interface TemporalSettings {
  connectionOptions: ClientConnectConfig['connectionOptions'];
  namespace: string;
  /** The first encrypts payloads, or the first of the deal's tenant; all decrypt them; none: payloads are plain. */
  payloadKeys?: readonly PayloadKey[];
}

export function readTemporalSettings(env: Environment): Setting<TemporalSettings> {
  const overrideEnvVars: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value) overrideEnvVars[name] = value;

  const apiKey = readVariable(env, 'TEMPORAL_API_KEY');
  if (apiKey.problem !== undefined) return { problems: [apiKey.problem] };
  if (apiKey.value !== undefined) overrideEnvVars.TEMPORAL_API_KEY = apiKey.value;

  const { PAYLOAD_KEYS, TENANT_PAYLOAD_KEYS } = VARIABLES;
  const keys = readVariables(env, { PAYLOAD_KEYS, TENANT_PAYLOAD_KEYS });
  if (keys.problems) return { problems: keys.problems };
  const clash = clashOf(keys.value.PAYLOAD_KEYS, keys.value.TENANT_PAYLOAD_KEYS);
  if (clash !== undefined) return { problems: [`TENANT_PAYLOAD_KEYS: ${clash}`] };
  const payloadKeys = [...keys.value.PAYLOAD_KEYS, ...keys.value.TENANT_PAYLOAD_KEYS];

  const address = overrideEnvVars.TEMPORAL_ADDRESS;
  if (address && !/^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/i.test(address)) {
    return { problems: ['TEMPORAL_ADDRESS: must be host:port; for example TEMPORAL_ADDRESS=localhost:7233'] };
  }
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars });
    return { value: { connectionOptions, namespace: namespace || 'default', payloadKeys } };
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
    const name = env.TEMPORAL_CONFIG_FILE ? 'TEMPORAL_CONFIG_FILE' : 'TEMPORAL_PROFILE';
    return {
      problems: [`${name}: Temporal's settings cannot be read (${why}); for example TEMPORAL_ADDRESS=localhost:7233`],
    };
  }
}
