/** What a browser sees at `/`: that the gateway runs, and where to go. Static, and it asks nothing of anybody. */

export const FRONT_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Palate</title>
<h1>Palate is running</h1>
<p>This version has no console in the browser yet. To talk to it, run <code>npm run chat</code> where it is installed.</p>
<p>Programs find GraphQL at <code>/graphql</code>, with the admin key as a bearer token. The state is at <a href="/readyz">/readyz</a>.</p>
</html>
`;
