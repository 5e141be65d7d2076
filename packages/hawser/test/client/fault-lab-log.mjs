/** Every event of a client, checked as it comes. */
export class EventLog {
  wrong = [];
  closes = [];
  attempts = 0;
  states = 0;
  #client;
  #limitMs;
  #lines = [];
  #state = "disconnected";
  #isOpen = false;
  #isGone = false;
  #watchers = new Set();
  #go;
  /** Settles when the application has disconnected it. */
  gone = new Promise((resolve) => {
    this.#go = resolve;
  });

  constructor(client, limitMs) {
    this.#client = client;
    this.#limitMs = limitMs;
    client.on("state", ({ state, previous }) => {
      this.#note(`state ${state}`);
      this.states++;
      if (previous !== this.#state) this.wrong.push(`from ${previous}, but it was ${this.#state}`);
      if (state === previous) this.wrong.push(`${state} twice`);
      if (state === "connecting") this.attempts++;
      this.#state = state;
      this.#look("state");
    });
    client.on("open", () => {
      this.#note("open");
      if (this.#isOpen) this.wrong.push("open twice");
      this.#isOpen = true;
      this.#look("open");
    });
    client.on("close", (close) => {
      this.#note(`close ${close.code} ${close.reaction} ${close.error?.code ?? ""} in ${Math.round(close.retryInMs)}`);
      this.closes.push(close);
      if (this.closes.length > this.attempts) this.wrong.push("a close without an attempt");
      if (!Number.isInteger(close.code)) this.wrong.push(`the code ${close.code}`);
      this.#isOpen = false;
      this.#look("close");
    });
    client.on("error", (error) => this.wrong.push(`error ${error.code} ${error.message}`));
  }

  /** Ends of connections and attempts so far. */
  get ends() {
    return this.closes.length;
  }

  next(event) {
    return this.within(event, new Promise((resolve) => this.#watchers.add({ event, test: () => true, resolve })));
  }

  ended(count) {
    return this.#until("close", `${count} ends`, () => this.ends >= count);
  }

  /** Settles when there is a close for which `test` is true. */
  closed(test, what) {
    return this.#until("close", what, () => this.closes.some(test));
  }

  /** Settles when so many more states were seen; or none was for a while, as in a state that lasts. */
  async sawStates(count) {
    const wanted = this.states + count;
    const quiet = new Promise((resolve) => setTimeout(resolve, 1500));
    await Promise.race([quiet, this.#until("state", `${count} states`, () => this.states >= wanted).catch(() => {})]);
  }

  /** The application has called `disconnect`, and it is done: not a word more. */
  disconnected() {
    this.#isGone = true;
    this.#go();
  }

  async within(what, promise) {
    let timer;
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no ${what} in ${this.#limitMs} ms`)), this.#limitMs);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** After the end: for each attempt one close. */
  finish() {
    if (this.closes.length !== this.attempts) {
      this.wrong.push(`${this.attempts} attempts, ${this.closes.length} closes: ${this.describe()}`);
    }
    if (this.#client.state !== "disconnected") this.wrong.push(`it ends ${this.#client.state}`);
  }

  describe() {
    return `state ${this.#client.state}; ${this.#lines.slice(-12).join(", ")}`;
  }

  #until(event, what, test) {
    if (test()) return Promise.resolve();
    return this.within(what, new Promise((resolve) => this.#watchers.add({ event, test, resolve })));
  }

  #note(line) {
    this.#lines.push(line);
    if (this.#isGone) this.wrong.push(`${line} after disconnect`);
  }

  #look(event) {
    for (const watcher of this.#watchers) {
      if (watcher.event !== event || !watcher.test()) continue;
      this.#watchers.delete(watcher);
      watcher.resolve();
    }
  }
}
