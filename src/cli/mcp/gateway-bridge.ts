/** An MCP server on this side that hands every call on to the gateway's own: what may be done, and in whose name, is decided there. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  CallToolResultSchema,
  ListToolsRequestSchema,
  type CallToolResult,
} from '@modelcontextprotocol/sdk/types.js';
import { INSTRUCTIONS, SERVER_INFO } from '../../gateway/mcp/server.js';
import { gatewayFetch, GatewayFault, type GatewayAccess } from './gateway-fetch.js';

/** The gateway says every second how far a long call is; one that says nothing for so long is gone. */
const SILENCE_MS = 20_000;

/** Not yet connected to anybody. The gateway is called when it is needed first, and anew after it was away. */
export function createBridge(access: GatewayAccess): { server: Server; close: () => Promise<void> } {
  const { fetch, close } = gatewayFetch(access);
  let connected: Promise<Client> | undefined;

  async function gateway(): Promise<Client> {
    connected ??= connect().catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  }

  async function connect(): Promise<Client> {
    const client = new Client(SERVER_INFO);
    await client.connect(new StreamableHTTPClientTransport(new URL(`${access.url}/mcp`), { fetch }));
    return client;
  }

  const server = new Server(SERVER_INFO, { instructions: INSTRUCTIONS, capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, async ({ params }) => (await gateway()).listTools(params));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, sendNotification }) => {
    const { _meta, ...call } = params;
    const progressToken = _meta?.progressToken;
    try {
      const client = await gateway();
      return await client.request({ method: 'tools/call', params: call }, CallToolResultSchema, {
        signal,
        timeout: SILENCE_MS,
        resetTimeoutOnProgress: true,
        onprogress: (progress) => {
          if (progressToken === undefined) return;
          void sendNotification({ method: 'notifications/progress', params: { ...progress, progressToken } });
        },
      });
    } catch (error) {
      if (error instanceof GatewayFault) return failed(error.message);
      throw error;
    }
  });

  return {
    server,
    async close() {
      const client = await connected?.catch(() => undefined);
      await client?.close();
      await close();
    },
  };
}

function failed(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] };
}
