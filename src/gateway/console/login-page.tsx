import type { VNode } from 'preact';
import { SESSION_HOURS } from '../session.js';

export interface LoginPageProps {
  /** Where to go on to: a path of the console's own. */
  next: string;
  /** What was wrong with the last try. */
  fault?: string | undefined;
  /** An identity provider's tokens count too. */
  oidc: boolean;
}

export function LoginPage({ next, fault, oidc }: LoginPageProps): VNode {
  return (
    <div class="narrow login">
      <h1>Log in</h1>
      {fault !== undefined && (
        <p class="flash bad" role="alert" id="fault">
          {fault}
        </p>
      )}
      <form class="card" method="post" action="/console/login">
        <input type="hidden" name="next" value={next} />
        <div class="field">
          <label for="token">Access token</label>
          <input
            id="token"
            name="token"
            type="password"
            required
            autocomplete="current-password"
            spellcheck={false}
            aria-describedby={fault === undefined ? 'token-hint' : 'fault token-hint'}
            {...(fault !== undefined && { 'aria-invalid': 'true' as const })}
          />
          <p class="hint" id="token-hint">
            Yours of GATEWAY_TOKENS, good here for {SESSION_HOURS} hours
            {oidc ? '; or a token of your company’s identity provider, good for as long as it says.' : '.'} Whoever runs
            the gateway gives it to you.
          </p>
        </div>
        <button type="submit" class="primary">
          Log in
        </button>
      </form>
    </div>
  );
}
