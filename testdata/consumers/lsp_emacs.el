;;; lsp-mode beside another server: what it shows for a file, before and after an edit.  -*- lexical-binding: t -*-
(require 'package)
(package-initialize)
(require 'cl-lib)
(require 'lsp-mode)
(require 'lsp-diagnostics)
(setq lsp-session-file (expand-file-name "session" (getenv "FOLDER"))
      lsp-auto-guess-root nil
      lsp-enable-file-watchers nil
      lsp-enable-snippet nil
      lsp-warn-no-matched-clients nil
      lsp-diagnostics-provider :none
      lsp-restart 'ignore
      lsp-log-io nil)
;; No client of lsp-mode's own.
(setq lsp-client-packages nil)
(lsp-register-client
 (make-lsp-client :new-connection (lsp-stdio-connection (list (getenv "GUPCHECK") "lsp" "--confidence" "medium"))
                  :major-modes '(c-mode)
                  :add-on? t
                  :server-id 'gupcheck))

(defun gup-codes (file)
  (sort (cl-loop for item in (append (gethash (lsp--fix-path-casing file) (lsp-diagnostics t)) nil)
                 collect (format "%s" (gethash "code" item (ignore-errors (lsp-get item :code)))))
        #'string<))

(defun gup-wait (file wanted)
  (let ((end (+ (float-time) 100)))
    (while (and (< (float-time) end) (not (equal (gup-codes file) wanted)))
      (accept-process-output nil 0.05)))
  (gup-codes file))

(let* ((root (file-name-as-directory (getenv "TREE")))
       (file (getenv "FILE")))
  (lsp-workspace-folders-add root)
  (find-file file)
  (unless (eq major-mode 'c-mode) (c-mode))
  (lsp)
  (princ (format "opened %S\n" (gup-wait file '("leak"))))
  (goto-char (point-min))
  (search-forward "return 0;")
  (goto-char (match-beginning 0))
  (insert "put_page(page);\n\t")
  (lsp-on-change (match-beginning 0) (point) 0)
  (princ (format "mended %S\n" (gup-wait file nil)))
  (set-buffer-modified-p nil)
  (princ "done\n"))
(kill-emacs 0)
