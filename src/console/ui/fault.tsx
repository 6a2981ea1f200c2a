/** What is shown where a part of the page has a fault: the rest goes on, and a way out is offered. */
import { Component, type ReactNode } from 'react';
import { Problem } from './states.js';

export class FaultBoundary extends Component<{ children: ReactNode }, { message: string | null }> {
  override state: { message: string | null } = { message: null };

  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    const { message } = this.state;
    if (message === null) return this.props.children;
    // A part that could not be fetched is there after a reload: the service was updated meanwhile.
    return (
      <Problem
        message={`This part of the page could not be shown (${message}).`}
        onRetry={() => window.location.reload()}
      />
    );
  }
}
