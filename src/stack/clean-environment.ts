const MACHINE =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SystemRoot|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+)$/i;
const TEMPORAL = /^TEMPORAL_/;

/**
 * What the machine's own environment says of the machine, and nothing of Countersign: settings that somebody has exported for a
 * real account must not leak into a trial. `TEMPORAL_*` stays only for a server that the person named.
 */
export function cleanEnvironment(env: NodeJS.ProcessEnv, ownTemporal: boolean): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => MACHINE.test(name) || (ownTemporal && TEMPORAL.test(name)));
  return Object.fromEntries(kept);
}
