/** How the app is made on Slack, for whoever sets the bot up: the steps, and the manifest to copy. */
import { TITLES } from './config.js';
import manifest from './manifest.json' with { type: 'json' };

export const GUIDE = `One workspace, no public address:

1. At [api.slack.com/apps](https://api.slack.com/apps) press *Create New App*, *From a manifest*, choose your workspace, and paste the manifest below.
2. *Basic Information*, *App-Level Tokens*: make one with \`connections:write\`. It goes into *${TITLES.appToken}*.
3. *OAuth & Permissions*: press *Install*. The *Bot User OAuth Token* goes into *${TITLES.botToken}*.

Other settings are needed only where Slack reaches the bot over HTTP, or where several workspaces install it.

\`\`\`json
${JSON.stringify(manifest, null, 2)}
\`\`\`
`;
