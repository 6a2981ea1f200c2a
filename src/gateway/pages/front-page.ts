/** What a browser sees at `/` where the console was not built: that the gateway runs, and what to do. */

export const FRONT_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Palate</title>
<h1>Palate is running</h1>
<p>Its console in the browser was not built. Run <code>npm run build</code> where it is installed, and start it again.</p>
<p>Programs find GraphQL at <code>/graphql</code>, with the admin key as a bearer token. The state is at <a href="readyz">/readyz</a>.</p>
</html>
`;
