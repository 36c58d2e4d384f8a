import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';

const THIRTY_DAYS = 30 * 24 * 3600;

describe('the dev server of the stack', () => {
  let server: StartedDevServer;
  let connection: Connection;

  beforeAll(async () => {
    server = await startDevServer();
    connection = await Connection.connect({ address: server.address });
  }, 60_000);

  afterAll(async () => {
    await connection?.close();
    await server?.stop();
  });

  async function attributes(): Promise<Record<string, unknown>> {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    return customAttributes ?? {};
  }

  test('knows the search attributes of a deal and keeps closed deals for 30 days', async () => {
    expect(Object.keys(await attributes())).toEqual(
      expect.arrayContaining([
        'DealStage',
        'DealBlocked',
        'DealTenant',
        'DocumentType',
        'EnvelopeId',
        'SigningProvider',
        'StageSince',
      ]),
    );
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(THIRTY_DAYS);
  });

  test('comes back after SIGKILL on the same port with the deals it had', async () => {
    await connection.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId: 'deal-1',
      workflowType: { name: 'signDeal' },
      taskQueue: { name: 'nobody' },
      requestId: 'once',
    });
    await server.crash();
    const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId: 'deal-1' },
    });
    expect(workflowExecutionInfo?.type?.name).toBe('signDeal');
    expect(Object.keys(await attributes())).toContain('StageSince');
  }, 30_000);
});
