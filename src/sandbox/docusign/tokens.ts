import { randomBytes } from 'node:crypto';
import type { Bearer, StandInUser } from './world.js';

interface Token {
  bearer: Bearer;
  expiresAt: number;
}

/** Access tokens and who agreed to what. */
export class Tokens {
  /** By the token endpoint. */
  issued = 0;
  private readonly tokens = new Map<string, Token>();
  private readonly consents = new Map<string, Set<string>>();

  constructor(private readonly now: () => number) {}

  issue(integrationKey: string, user: StandInUser, scopes: string[], seconds: number): string {
    const text = randomBytes(24).toString('base64url');
    const bearer = { integrationKey, userId: user.userId, accountIds: [...user.accountIds], scopes };
    this.tokens.set(text, { bearer, expiresAt: this.now() + seconds * 1000 });
    return text;
  }

  /** Null when it is none, or none any more. */
  holder(token: string): Bearer | null {
    const known = this.tokens.get(token);
    return known && known.expiresAt > this.now() ? known.bearer : null;
  }

  revokeAll(): void {
    this.tokens.clear();
  }

  consent(integrationKey: string, userId: string, scopes: readonly string[]): void {
    const name = `${integrationKey} ${userId}`;
    this.consents.set(name, new Set([...(this.consents.get(name) ?? []), ...scopes]));
  }

  withdraw(integrationKey: string, userId: string): void {
    this.consents.delete(`${integrationKey} ${userId}`);
  }

  agreed(integrationKey: string, userId: string, scopes: readonly string[]): boolean {
    const given = this.consents.get(`${integrationKey} ${userId}`);
    return given !== undefined && scopes.every((scope) => given.has(scope));
  }
}
