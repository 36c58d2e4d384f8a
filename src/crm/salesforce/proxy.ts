/**
 * jsforce goes by its own reading of the proxy variables, which leaves `NO_PROXY` out and takes one proxy for all; this is the reading that the
 * rest of Countersign has (undici's `EnvHttpProxyAgent`).
 */
export function proxyFor(address: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { protocol, hostname, port } = new URL(address);
  const read = (name: string): string | undefined => env[name] ?? env[name.toUpperCase()];
  const http = read('http_proxy');
  const proxy = protocol === 'https:' ? read('https_proxy') || http : http;
  if (!proxy) return undefined;
  const exempt = (read('no_proxy') ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  const spared = exempt.some((entry) => {
    if (entry === '*') return true;
    const [, name = '', itsPort] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (itsPort !== undefined && itsPort !== (port || (protocol === 'https:' ? '443' : '80'))) return false;
    const bare = name.replace(/^\*?\./, '');
    return hostname === bare || hostname.endsWith(`.${bare}`);
  });
  return spared ? undefined : proxy;
}
