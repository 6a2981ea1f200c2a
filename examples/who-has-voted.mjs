// Lists the members who have taught something, with what is known of each: every training, page by page.
//   KEY=$(cat .palate/admin-key) node examples/who-has-voted.mjs
import { createPalateClient } from 'palate/client';

const client = createPalateClient({ url: process.env.PALATE_URL ?? 'http://127.0.0.1:4000', key: process.env.KEY });

const ids = new Set();
for (let page = {}; page; ) {
  const { nodes, pageInfo } = await client.trainingJobs(null, page);
  for (const { member } of nodes) ids.add(member.id);
  page = pageInfo.hasNextPage && { after: pageInfo.endCursor };
}
for (const id of ids) {
  const { platform, externalId, encoder } = await client.memberById(id);
  console.log(`${platform}/${externalId}: version ${encoder.version}`);
}
await client.close();
