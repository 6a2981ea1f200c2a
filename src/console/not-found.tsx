/** Where an address leads to no page, or to one of somebody else: what is wrong, and the way back. */
import { Empty } from './ui/states.js';

export function NotFound({ forAdmins }: { forAdmins: boolean }) {
  return (
    <>
      <h1>{forAdmins ? 'This page is for admins' : 'There is no such page'}</h1>
      <Empty title={forAdmins ? 'It takes an admin key.' : 'The address may be mistyped, or from another version.'}>
        <p className="row row-middle">
          <a className="button primary" href="#/chat">
            Go to the chat
          </a>
        </p>
      </Empty>
    </>
  );
}
