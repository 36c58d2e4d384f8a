/** `GATEWAY_TOKENS`: who may call the gateway, as `role:name:token` entries. */
export const ROLES = ['crm', 'viewer', 'reviewer', 'operator'] as const;
export type Role = (typeof ROLES)[number];

export interface GatewayToken {
  role: Role;
  /** Whom the deal's timeline names for what is done with this token. */
  name: string;
  token: string;
}

const SHORTEST = 16;

/** Reads the comma list; a problem names the entry by its place, never by its token. */
export function readTokens(list: string): { tokens: GatewayToken[]; problem?: undefined } | { problem: string } {
  const tokens: GatewayToken[] = [];
  const entries = list.split(',').map((entry) => entry.trim());
  for (const [index, entry] of entries.entries()) {
    const where = `entry ${index + 1}`;
    const match = /^([^:]*):([^:]*):(.*)$/.exec(entry);
    if (!match) return { problem: `${where} is not of the form role:name:token` };
    const [, role, name = '', token = ''] = match;
    const known = ROLES.find((candidate) => candidate === role);
    if (!known) return { problem: `${where} has none of the roles ${ROLES.join(', ')}` };
    if (!/^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$/.test(name)) {
      return { problem: `${where} has no name of 1 to 64 letters, digits, spaces, dots, _, @ or -` };
    }
    if (!/^[A-Za-z0-9._~+/=-]+$/.test(token) || token.length < SHORTEST) {
      return {
        problem: `${where} has no token of at least ${SHORTEST} characters without spaces (try: openssl rand -hex 24)`,
      };
    }
    if (tokens.some((other) => other.token === token))
      return { problem: `${where} repeats the token of another entry` };
    tokens.push({ role: known, name, token });
  }
  return { tokens };
}
