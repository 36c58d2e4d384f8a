/** Whether Atlas answers, and takes the key. */
import type { AtlasClient } from '../signing/atlas/client.js';
import { ProviderError } from '../signing/provider.js';
import { ok, problem, warning, wordsOf, type Check } from './check.js';

const NAME = 'Atlas';

/** Asks for the list of envelopes: it needs the key, costs nothing and changes nothing. */
export async function atlasCheck({ envelopes, apiKeyId }: AtlasClient, baseUrl: string): Promise<Check> {
  try {
    await envelopes.list();
    return ok(NAME, `${baseUrl} answers and takes ATLAS_API_KEY (fingerprint ${apiKeyId})`);
  } catch (error) {
    const said = wordsOf(error);
    switch (error instanceof ProviderError ? error.kind : undefined) {
      case 'unauthorized':
        return problem(
          NAME,
          `${baseUrl} refuses ATLAS_API_KEY (fingerprint ${apiKeyId}): ${said}`,
          'Set ATLAS_API_KEY (or the file that ATLAS_API_KEY_FILE names) to a valid key of your account: Atlas shows them under Dashboard > Settings.',
        );
      case 'forbidden':
      case 'payment-required':
        return problem(NAME, said, 'The key is valid, but the account may not be used: settle it with Atlas.');
      case 'rate-limited':
      case 'unavailable':
        return warning(NAME, said, 'It should pass by itself: run the doctor again in some minutes.');
      case 'unreachable':
        return problem(NAME, `${baseUrl}: ${said}`, 'Check ATLAS_BASE_URL, the network, HTTPS_PROXY and NO_PROXY.');
      default:
        return problem(NAME, `${baseUrl}: ${said}`, 'Check that ATLAS_BASE_URL is the address of Atlas, without /api.');
    }
  }
}
