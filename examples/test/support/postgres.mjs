import { spawn, execFile } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where initdb and postgres are: HAWSER_POSTGRES, or where Debian puts them. undefined: they are missing. */
export const postgresFolder = findFolder();

/** A server of its own on a Unix socket, in a folder that goes with it. It listens on no port. */
export async function startPostgres() {
  const bin = postgresFolder;
  if (bin === undefined) throw new Error("postgres is missing");
  // the path of a Unix socket has to be short
  const folder = mkdtempSync(join(tmpdir(), "hpg-"));
  const owner = await findOwner();
  chownSync(folder, owner.uid, owner.gid);
  const options = { ...owner, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: "C" } };
  const data = join(folder, "data");
  await run(join(bin, "initdb"), ["-D", data, "-U", "hawser", "-A", "trust", "-E", "UTF8", "--no-sync"], options);

  // what is on the disk need not outlive this machine's power: it is a test's
  const args = ["-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=30"];
  const server = spawn(join(bin, "postgres"), args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => server.once("close", () => resolve()));
  const kill = () => server.kill("SIGQUIT");
  process.once("exit", kill);
  let log = "";
  await new Promise((resolve, reject) => {
    server.stderr.setEncoding("utf8").on("data", (text) => {
      log += text;
      if (log.includes("ready to accept connections")) resolve();
    });
    void ended.then(() => reject(new Error(`postgres ended:\n${log}`)));
  });

  const urlOf = (database) => `postgres://hawser@localhost:5432/${database}?host=${folder}`;
  let databases = 0;
  return {
    async createDatabase() {
      const name = `trading${++databases}`;
      await run(
        join(bin, "psql"),
        ["-h", folder, "-U", "hawser", "-c", `CREATE DATABASE ${name}`, "postgres"],
        options,
      );
      return urlOf(name);
    },
    async stop() {
      server.kill("SIGINT");
      await ended;
      process.off("exit", kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findFolder() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [process.env.HAWSER_POSTGRES ?? "", ...versions.map((version) => join(debian, version, "bin"))];
  return folders.find((folder) => folder !== "" && existsSync(join(folder, "initdb")));
}

/** postgres refuses to run as root: nobody's rights are enough. */
async function findOwner() {
  const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
  if (uid !== 0) return { uid, gid };
  const [user, group] = await Promise.all([run("id", ["-u", "nobody"]), run("id", ["-g", "nobody"])]);
  return { uid: Number(user.stdout), gid: Number(group.stdout) };
}
