/* Everything here is comfort; each page works without it. */
(() => {
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

  // Phone menu: a link to #menu without script, a toggle with it; Esc closes and gives the focus back.
  const menu = document.getElementById("menu");
  all(".eb-menubtn").forEach((link) => {
    if (!menu) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = link.className;
    button.append(...link.childNodes);
    button.setAttribute("aria-controls", "menu");
    const open = (on) => {
      menu.classList.toggle("is-open", on);
      button.setAttribute("aria-expanded", String(on));
    };
    open(false);
    button.addEventListener("click", () => open(!menu.classList.contains("is-open")));
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { open(false); button.focus(); }
    });
    link.replaceWith(button);
  });

  // After a load: the error summary, else what the last act had to say.
  const first = document.querySelector(".eb-errsum") || document.querySelector("main [role='alert']");
  if (first) {
    first.setAttribute("tabindex", "-1");
    first.focus({ preventScroll: true });
  }

  // A key that leads to a field, as long as nobody is writing in another.
  const reached = document.querySelector("[data-shortcut]");
  if (reached) {
    document.addEventListener("keydown", (event) => {
      if (event.key !== reached.dataset.shortcut || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.target.closest("input, textarea, select, [contenteditable]")) return;
      event.preventDefault();
      reached.focus();
      reached.select();
    });
  }

  // Show a password.
  all("[data-pw]").forEach((button) => {
    const field = document.getElementById(button.dataset.pw);
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = field.type === "password";
      field.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
    });
    if (field.form) field.form.addEventListener("submit", () => { field.type = "password"; });
  });

  // Copy a number: the button says that it is done, in a status region of its own.
  all("[data-copy]").forEach((button) => {
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    button.after(said);
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy.replace(/\s/g, ""));
      said.textContent = ` ${button.dataset.copied || ""}`;
    });
  });

  // The end of the session: a dialog two minutes before, one action extends, any number of times (WCAG 2.2.1).
  const dialog = document.getElementById("sesja");
  if (!dialog) return;
  const { minutes, extend, over, here, said, two, one, half } = dialog.dataset;
  const length = Number(minutes) * 60000, warning = 120000;
  const status = dialog.querySelector("[data-status]");
  const token = document.querySelector("input[name='csrf_token']");
  const others = "BroadcastChannel" in window ? new BroadcastChannel("ebok-session") : null;
  const steps = [[120000, two], [60000, one], [30000, half]];
  let ends = Date.now() + length, told = 0, opener = null;

  const renew = (tell) => {
    ends = Date.now() + length;
    told = 0;
    if (dialog.open) dialog.close();
    if (tell && others) others.postMessage("renewed");
  };
  const stay = async () => {
    const headers = token ? { "X-CSRFToken": token.value } : {};
    const answer = await fetch(extend, { method: "POST", headers, credentials: "same-origin" }).catch(() => null);
    if (answer && answer.status === 204) renew(true);
    else if (answer) leave();
  };
  const leave = () => { location.assign(`${over}?dalej=${encodeURIComponent(here)}`); };
  const tick = () => {
    const left = ends - Date.now();
    if (left <= -5000) return leave();
    if (left > warning) return;
    if (!dialog.open) {
      opener = document.activeElement;
      dialog.showModal();
      dialog.querySelector("h2").focus();
    }
    const step = steps.filter(([limit]) => left <= limit).pop();
    if (step && told !== step[0]) {
      told = step[0];
      status.textContent = said.replace("{time}", step[1]);
    }
  };
  dialog.querySelector("[data-stay]").addEventListener("click", (event) => { event.preventDefault(); stay(); });
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); stay(); });
  dialog.addEventListener("close", () => { if (opener) opener.focus(); });
  if (others) {
    others.addEventListener("message", () => renew(false));
    others.postMessage("renewed");
  }
  setInterval(tick, 1000);
})();
