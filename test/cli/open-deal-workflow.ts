import { condition, defineQuery, setHandler } from '@temporalio/workflow';

/** An open deal that answers with the snapshot it was given; given none, it knows no such question. */
export async function signDeal(snapshot: object | null): Promise<void> {
  if (snapshot) setHandler(defineQuery('deal'), () => snapshot);
  await condition(() => false);
}
