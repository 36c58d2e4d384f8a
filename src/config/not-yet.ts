import type { Environment } from './environment.js';

/** Variables of later versions: setting one and being ignored would be worse than a stop (keys that do not encrypt, say). */
const NOT_YET = [/^PAYLOAD_KEYS(_FILE)?$/, /^CODEC_CORS_ORIGIN$/];

/** One line for every variable that is set although this version knows nothing to do with it. */
export function problemsOfLaterVersions(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => env[name] && NOT_YET.some((pattern) => pattern.test(name)))
    .map((name) => `${name}: is not supported yet; leave it out`);
}
