// The text of a stream of server-sent events, as it comes in pieces.

export interface ServerEvent {
  name: string;
  data: string;
}

export class EventStreamParser {
  private rest = '';
  private name = '';
  private data: string[] = [];

  /** The events that a further piece completes. */
  push(piece: string): ServerEvent[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): ServerEvent[] {
    if (line === '') {
      const event = { name: this.name || 'message', data: this.data.join('\n') };
      const some = this.data.length > 0;
      this.name = '';
      this.data = [];
      return some ? [event] : [];
    }
    // A line that begins with a colon is a comment: its field has no name.
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.name = value;
    else if (field === 'data') this.data.push(value);
    return [];
  }
}
