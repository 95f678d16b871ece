/* Passkeys and printing. A button is shown only where the browser has all it takes; the rest of the page works without. */
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];

  all("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  const keys = window.PublicKeyCredential;
  const able = window.isSecureContext && keys && navigator.credentials && keys.parseCreationOptionsFromJSON
    && keys.parseRequestOptionsFromJSON && keys.prototype.toJSON;

  all("[data-passkey]").forEach((button) => {
    if (!able || location.hostname !== button.dataset.host) return;
    const form = button.form;
    const said = form.querySelector("[data-passkey-said]");
    const token = form.querySelector("[name='csrf_token']").value;

    const answer = async () => {
      const asked = await fetch(button.dataset.options, {
        method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": token },
      });
      if (!asked.ok) throw new Error(asked.statusText);
      const options = await asked.json();
      return button.dataset.passkey === "create"
        ? navigator.credentials.create({ publicKey: keys.parseCreationOptionsFromJSON(options) })
        : navigator.credentials.get({ publicKey: keys.parseRequestOptionsFromJSON(options) });
    };

    button.hidden = false;
    const part = button.closest("[data-passkey-part]");
    if (part) part.hidden = false;
    all("[data-passkey-unable]").forEach((note) => note.remove());
    form.addEventListener("submit", (event) => {
      if (!form.elements.answer.value && !form.querySelector("button:not([type='button'])")) {
        event.preventDefault();
        button.click();
      }
    });
    button.addEventListener("click", async () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      button.setAttribute("aria-disabled", "true");
      said.textContent = button.dataset.waiting;
      try {
        form.elements.answer.value = JSON.stringify((await answer()).toJSON());
        said.textContent = "";
        form.submit();
      } catch (error) {
        said.textContent = button.dataset.failed;
      } finally {
        button.removeAttribute("aria-disabled");
      }
    });
  });
})();
