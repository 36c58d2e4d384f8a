/** An assistant: the MCP SDK's own client, over HTTP to a gateway that really listens. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolResultSchema, type Progress } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { aGateway, TOKENS, type AGateway } from '../a-gateway.js';

/** What a tool answered. */
export interface Told {
  failed: boolean;
  text: string;
  data: Record<string, unknown>;
}

export interface Assistant {
  client: Client;
  ask: (tool: string, args?: Record<string, unknown>, heard?: (progress: Progress) => void) => Promise<Told>;
}

export async function anAssistant(transport: Transport): Promise<Assistant> {
  const client = new Client({ name: 'a test', version: '1' });
  await client.connect(transport);
  // The client holds every answer to its schema only when it knows the tools.
  await client.listTools();
  return {
    client,
    ask: async (name, args = {}, onprogress) => {
      const result = CallToolResultSchema.parse(
        await client.callTool({ name, arguments: args }, undefined, onprogress && { onprogress }),
      );
      const [first] = z.array(z.object({ text: z.string() })).parse(result.content);
      return { failed: result.isError === true, text: first?.text ?? '', data: result.structuredContent ?? {} };
    },
  };
}

export interface OpenGateway extends AGateway {
  url: string;
  /** An assistant that works for this role. */
  assistant: (role: string) => Promise<Assistant>;
  stop: () => Promise<void>;
}

export async function anOpenGateway(...options: Parameters<typeof aGateway>): Promise<OpenGateway> {
  const gateway = aGateway(...options);
  const url = await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  const clients: Client[] = [];
  return {
    ...gateway,
    url,
    async assistant(role) {
      const token = TOKENS.find((candidate) => candidate.role === role)?.token;
      const assistant = await anAssistant(transportTo(url, token));
      clients.push(assistant.client);
      return assistant;
    },
    async stop() {
      await Promise.all(clients.map((client) => client.close()));
      await gateway.app.close();
    },
  };
}

export function transportTo(url: string, token?: string): Transport {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } });
}
