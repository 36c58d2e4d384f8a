import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Switches } from './settings.js';

export interface IntegrationKey {
  key: string;
  /** PEM, five at most. */
  publicKeys: string[];
  redirectUris: string[];
}

export interface StandInUser {
  userId: string;
  name: string;
  email: string;
  accountIds: string[];
  /** Whether it is an administrator of its organizations. */
  isAdmin?: boolean;
}

export interface StandInAccount {
  accountId: string;
  name: string;
  organizationId: string | null;
  /** Its site: the first part of the path of its `base_uri`, empty for the server's own address. */
  site: string;
}

/** Who calls. */
export interface Bearer {
  userId: string;
  /** The first is the default account. */
  accountIds: string[];
  scopes: string[];
  integrationKey: string;
}

/** What the parts of the stand-in share. */
export interface StandInContext {
  app: FastifyInstance;
  /** Changed in place by the control surface: read them when they are needed. */
  switches: Switches;
  users: readonly StandInUser[];
  accounts: readonly StandInAccount[];
  /** Milliseconds since 1970; the control surface may put it ahead. */
  now: () => number;
  /** Of the server, without a slash at the end. */
  url: () => string;
  /** Throws the 401 of a token that is none, and the refusal of a used-up limit: every call is to be asked once, and counts by it. */
  bearer: (request: FastifyRequest) => Bearer;
  /** Who tells details of users (`GET …/users/{userId}`); the last to be set is asked. Null for a user it does not know. */
  userDetails: { of: (accountId: string, userId: string) => Record<string, unknown> | null };
  /** More counts for `GET /_sandbox/docusign/state`, by name. */
  counts: Map<string, () => unknown>;
}
