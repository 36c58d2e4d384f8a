/** What commands need that go straight to Temporal. */
import { userInfo } from 'node:os';
import type { SignLinks } from '../gateway/desk.js';
import { Problem } from '../gateway/problem.js';

const NOBODY = 'operator';

/** Whom timelines name for what is done from this machine. */
export function osUser(): string {
  try {
    return userInfo().username || NOBODY;
  } catch {
    // A container may run under a number that has no name.
    return NOBODY;
  }
}

/** Nothing here asks the provider, so no key of its is needed. */
const none: SignLinks = { signLink: refuse, reviewLink: refuse, readEnvelope: refuse, forTenant: () => none };
export const NO_PROVIDER = { atlas: none, docusign: none };

async function refuse(): Promise<never> {
  throw new Problem(501, 'no-provider', 'Without the gateway the provider is not asked: set COUNTERSIGN_URL.');
}
