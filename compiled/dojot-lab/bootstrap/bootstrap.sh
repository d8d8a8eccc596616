#!/usr/bin/env bash
# Bootstrap of the cluster dojot-lab: run with --help. The runbook is bootstrap/README.md.
# Generated from the inventory: change that and compile again, not this file.
set -euo pipefail

# ---- values of the inventory
readonly CLUSTER_NAME=dojot-lab
readonly GROUP_LABEL=dojot.components/group
readonly OS_NAME=ubuntu
readonly OS_VERSION=24.04
readonly NEEDRESTART_FOLDER=/etc/needrestart/conf.d
readonly RUNTIME_NAME=containerd
readonly RUNTIME_SERVICE=containerd
readonly RUNTIME_OPEN_FILES=1048576
readonly KUBERNETES_VERSION=v1.36.5
readonly KUBERNETES_FROM=packages
readonly CNI_PLUGINS_URL=''
readonly CNI_PLUGINS_SHA256=''
readonly FIREWALL_ENABLED=true
readonly KUBELET_CONFIG_MAP=kubelet-config
readonly AUDIT_POLICY_FILE=/etc/kubernetes/apiserver/audit-policy-e945bd4f.yml
readonly ENCRYPTION_FILE=/etc/kubernetes/apiserver/encryption.yml
readonly ENCRYPTION_PROVIDER=secretbox
readonly JOIN_TOKEN_TTL=30m
readonly API_ADDRESS=192.168.56.10
readonly ARGOCD_VERSION=v3.5.6
readonly ARGOCD_NAMESPACE=argocd
readonly ARGOCD_LABEL=worker
readonly ARGOCD_MANIFEST_URL=https://raw.githubusercontent.com/argoproj/argo-cd/v3.5.6/manifests/install.yaml
readonly ARGOCD_MANIFEST_SHA256=846c644bc81ce5557dd9048757a9c7353378f25c5eb811c77d32a9e907823599
readonly ARGOCD_SERVER_SIDE=true
readonly LOAD_BALANCER_NAME=haproxy
readonly LOAD_BALANCER_ADDRESS=192.168.56.5
readonly NODE_EXPORTER_PACKAGE=''
readonly NODE_EXPORTER_PORT=''
readonly LOAD_BALANCER_OPEN_FILES=20536
readonly KUBERNETES_REPOSITORY='https://pkgs.k8s.io/core:/stable:/v1.36/deb/|/||https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key|DE15B14486CD377B9E876E1A234654DA9A296436'
readonly RUNTIME_REPOSITORY='https://download.docker.com/linux/ubuntu|noble|stable|https://download.docker.com/linux/ubuntu/gpg|9DC858229FC7DD38854AE2D88D81803C0EBFCD88'
readonly HAPROXY_REPOSITORY='https://ppa.launchpadcontent.net/vbernat/haproxy-3.2/ubuntu|noble|main|https://keyserver.ubuntu.com/pks/lookup?op=get&search=0x3D653970FBAB0A890E4E4E9A0F14D8B0CF4EFE96|3D653970FBAB0A890E4E4E9A0F14D8B0CF4EFE96'
readonly HAPROXY_CONFIG=/etc/haproxy/haproxy.cfg
readonly HAPROXY_SYSCTL=/etc/sysctl.d/99-dojot-haproxy.conf
readonly HAPROXY_UNIT_LIMITS=/etc/systemd/system/haproxy.service.d/limits.conf
readonly HAPROXY_ADMIN_SOCKET=/run/haproxy/admin.sock
readonly HAPROXY_HARD_STOP_AFTER=1800
readonly HAPROXY_MAX_RELOADS=2
readonly SESSION_LIFETIME=1500
readonly NODES=(
  'lab-control-plane|192.168.56.10|control-plane|control-plane'
  'lab-worker|192.168.56.11|worker|worker'
)
readonly DISKS=(
)
readonly NAMESPACES=(
  dojot
  dojot-monitoring
)
readonly PERSISTENT_VOLUMES=(
)
readonly SECRETS=(
  'dojot-monitoring/grafana-secret|password|random|'
  'dojot-monitoring/grafana-secret|user|literal|admin'
  'dojot/auth-secret|password|random|'
  'dojot/auth-secret|temporary_password|random|'
  'dojot/auth-secret|user|literal|auth'
  'dojot/backstage-secret|password|random|'
  'dojot/backstage-secret|user|literal|backstage'
  'dojot/devm-secret|crypto_iv|random|16'
  'dojot/devm-secret|crypto_pass|random|'
  'dojot/devm-secret|crypto_salt|random|'
  'dojot/devm-secret|password|random|'
  'dojot/devm-secret|user|literal|devm'
  'dojot/dojot-admin-secret|password|random|'
  'dojot/dojot-admin-secret|user|literal|admin'
  'dojot/image-manager-secret|password|random|'
  'dojot/image-manager-secret|user|literal|imgm'
  'dojot/kafka-ws-secret|ticket|random|'
  'dojot/kafka2ftp-secret|password|random|'
  'dojot/kafka2ftp-secret|user|literal|anonymous'
  'dojot/kong-secret|db|literal|kong'
  'dojot/kong-secret|password|random|'
  'dojot/kong-secret|user|literal|kong'
  'dojot/minio-secret|password|random|'
  'dojot/minio-secret|user|literal|minio'
  'dojot/mongodb-secret|password|random|'
  'dojot/mongodb-secret|user|literal|mongodb'
  'dojot/postgres-exporter-secret|password|random|'
  'dojot/postgres-exporter-secret|user|literal|postgres_exporter'
  'dojot/postgres-secret|password|random|'
  'dojot/postgres-secret|user|literal|postgres'
  'dojot/rabbitmq-secret|password|random|'
  'dojot/rabbitmq-secret|user|literal|dojot'
  'dojot/vernemq-secret|cookie|random|'
  'dojot/x509-identity-mgmt-secret|password|random|'
  'dojot/x509-identity-mgmt-secret|user|literal|ejbca'
)
readonly BROKERS=(
  'dojot|vernemq-k8s|1|worker|4206'
)
readonly DATABASES=(
  'mongodb|dojot|statefulset|mongodb'
  'postgres|dojot|statefulset|postgres'
)
readonly BACKUPS=(
)
readonly LOAD_BALANCER_PORTS=(
  '80|kong-http'
  '1883|vernemq-mqtt'
  '8080|grafana-http'
  '8883|vernemq-mqtts'
)
readonly NODE_PORTS=(
)
readonly BINARIES=(
)
readonly OS_PACKAGES=(
  ca-certificates
  conntrack
  curl
  ebtables
  ethtool
  iproute2
  iptables
  nftables
  socat
)
readonly KERNEL_MODULES=(
  br_netfilter
  ip_set
  ip_set_hash_ip
  ip_set_hash_net
  overlay
  vxlan
  xt_set
)
readonly KUBERNETES_PACKAGES=(
  'cri-tools|1.36.0-1.1'
  'kubeadm|1.36.5-1.1'
  'kubectl|1.36.5-1.1'
  'kubelet|1.36.5-1.1'
  'kubernetes-cni|1.9.1-1.1'
)
readonly RUNTIME_PACKAGES=(
  'containerd.io|2.3.6-1~ubuntu.24.04~noble'
)
readonly HAPROXY_PACKAGES=(
  'haproxy|3.2.*'
)
IFS= read -r -d '' SYSCTL_CONF <<'END_OF_SYSCTL_CONF' || true
kernel.keys.root_maxbytes = 25000000
kernel.keys.root_maxkeys = 1000000
kernel.panic = 10
kernel.panic_on_oops = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.bridge.bridge-nf-call-iptables = 1
net.ipv4.ip_forward = 1
vm.overcommit_memory = 1
vm.panic_on_oom = 0
END_OF_SYSCTL_CONF
readonly SYSCTL_CONF
IFS= read -r -d '' RUNTIME_CONFIG <<'END_OF_RUNTIME_CONFIG' || true
version = 3

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "registry.k8s.io/pause:3.10.2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = true
END_OF_RUNTIME_CONFIG
readonly RUNTIME_CONFIG
IFS= read -r -d '' FIREWALL <<'END_OF_FIREWALL' || true
# Who may reach which ports of a node of dojot-lab. This table is replaced in one step, and no other is touched:
# whatever is not named here, SSH above all, stays as the host has it. Connections that are open stay open.
table inet dojot
delete table inet dojot
table inet dojot {
  chain prerouting {
    # Before kube-proxy gives a NodePort's packets the address of a pod (priority -100), and after the kernel has told
    # which of them belong to a connection (-200).
    type filter hook prerouting priority -150; policy accept;
    iif "lo" accept
    ct state established,related accept
    # What is for pods, or only passes.
    fib daddr type != local accept
    # the API server
    tcp dport 6443 ip saddr { 10.244.0.0/16, 192.168.56.0/24 } accept
    tcp dport 6443 counter drop
    # etcd
    tcp dport 2379-2380 ip saddr { 192.168.56.10 } accept
    tcp dport 2379-2380 counter drop
    # the kubelet
    tcp dport 10250 ip saddr { 192.168.56.10, 192.168.56.11, 10.244.0.0/16 } accept
    tcp dport 10250 counter drop
    # health of kube-proxy and kube-router, its metrics
    tcp dport { 10249, 10256, 20244 } counter drop
    # packets of pods between nodes
    udp dport 8472 ip saddr { 192.168.56.10, 192.168.56.11 } accept
    udp dport 8472 counter drop
    # node-exporter, metrics
    tcp dport 9100 ip saddr { 192.168.56.10, 192.168.56.11, 10.244.0.0/16 } accept
    tcp dport 9100 counter drop
    # NodePorts
    tcp dport 30000-32767 ip saddr { 192.168.56.0/24 } accept
    tcp dport 30000-32767 counter drop
    # NodePorts without a load balancer
    udp dport 30000-32767 ip saddr { 192.168.56.0/24 } accept
    udp dport 30000-32767 counter drop
  }
}
END_OF_FIREWALL
readonly FIREWALL
IFS= read -r -d '' AUDIT_POLICY <<'END_OF_AUDIT_POLICY' || true
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
- RequestReceived
rules:
- level: Metadata
  resources:
  - group: ''
    resources:
    - secrets
    - serviceaccounts/token
- level: None
  nonResourceURLs:
  - /healthz*
  - /livez*
  - /readyz*
  - /version
  - /openapi*
  - /api
  - /api/*
  - /apis
  - /apis/*
- level: None
  resources:
  - group: ''
    resources:
    - events
  - group: events.k8s.io
    resources:
    - events
- level: None
  resources:
  - group: coordination.k8s.io
    resources:
    - leases
- level: None
  users:
  - system:kube-controller-manager
  - system:kube-scheduler
  resources:
  - group: ''
    resources:
    - endpoints
    - configmaps
  namespaces:
  - kube-system
- level: None
  userGroups:
  - system:nodes
  - system:serviceaccounts:kube-system
  verbs:
  - get
  - list
  - watch
- level: None
  users:
  - system:apiserver
  - system:kube-controller-manager
  - system:kube-scheduler
  - system:kube-proxy
  verbs:
  - get
  - list
  - watch
- level: None
  userGroups:
  - system:nodes
  verbs:
  - update
  - patch
  resources:
  - group: ''
    resources:
    - nodes/status
    - pods/status
- level: Request
  verbs:
  - create
  - update
  - patch
  - delete
  - deletecollection
  resources:
  - group: rbac.authorization.k8s.io
    resources:
    - '*'
  - group: networking.k8s.io
    resources:
    - networkpolicies
- level: Metadata
END_OF_AUDIT_POLICY
readonly AUDIT_POLICY
IFS= read -r -d '' KUBEADM_INIT <<'END_OF_KUBEADM_INIT' || true
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens:
- ttl: 1m0s
localAPIEndpoint:
  advertiseAddress: 192.168.56.10
  bindPort: 6443
nodeRegistration:
  name: lab-control-plane
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: node-ip
    value: 192.168.56.10
  taints:
  - key: node-role.kubernetes.io/control-plane
    effect: NoSchedule
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: dojot-lab
kubernetesVersion: v1.36.5
imageRepository: registry.k8s.io
controlPlaneEndpoint: 192.168.56.10:6443
networking:
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
apiServer:
  extraArgs:
  - name: profiling
    value: 'false'
  - name: tls-cipher-suites
    value: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
  - name: audit-policy-file
    value: /etc/kubernetes/apiserver/audit-policy-e945bd4f.yml
  - name: audit-log-path
    value: /var/log/kubernetes/audit.log
  - name: audit-log-maxage
    value: '30'
  - name: audit-log-maxbackup
    value: '10'
  - name: audit-log-maxsize
    value: '100'
  - name: encryption-provider-config
    value: /etc/kubernetes/apiserver/encryption.yml
  extraVolumes:
  - name: apiserver
    hostPath: /etc/kubernetes/apiserver
    mountPath: /etc/kubernetes/apiserver
    readOnly: true
    pathType: DirectoryOrCreate
  - name: audit
    hostPath: /var/log/kubernetes
    mountPath: /var/log/kubernetes
    readOnly: false
    pathType: DirectoryOrCreate
controllerManager:
  extraArgs:
  - name: profiling
    value: 'false'
  - name: tls-cipher-suites
    value: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
scheduler:
  extraArgs:
  - name: profiling
    value: 'false'
  - name: tls-cipher-suites
    value: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
etcd:
  local:
    extraArgs:
    - name: cipher-suites
      value: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
failSwapOn: true
systemReserved:
  cpu: 200m
  ephemeral-storage: 5Gi
  memory: 284Mi
evictionHard:
  imagefs.available: 1Gi
  memory.available: 100Mi
  nodefs.available: 1Gi
  nodefs.inodesFree: 5%
podPidsLimit: 4096
protectKernelDefaults: true
seccompDefault: true
tlsCipherSuites:
- TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
- TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
- TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
- TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
- TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
- TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
containerLogMaxFiles: 3
containerLogMaxSize: 50Mi
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
nodePortAddresses:
- primary
END_OF_KUBEADM_INIT
readonly KUBEADM_INIT
IFS= read -r -d '' KUBEADM_JOIN <<'END_OF_KUBEADM_JOIN' || true
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration:
  name: '@NODE@'
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: node-ip
    value: '@ADDRESS@'
  - name: node-labels
    value: dojot.components/group=@LABEL@
discovery:
  bootstrapToken:
    apiServerEndpoint: 192.168.56.10:6443
    token: '@TOKEN@'
    caCertHashes:
    - '@CA_HASH@'
END_OF_KUBEADM_JOIN
readonly KUBEADM_JOIN
IFS= read -r -d '' POD_NETWORK <<'END_OF_POD_NETWORK' || true
apiVersion: v1
kind: ServiceAccount
metadata:
  name: flannel
  namespace: kube-system
  labels:
    app.kubernetes.io/name: flannel
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: flannel
  labels:
    app.kubernetes.io/name: flannel
rules:
- apiGroups:
  - ''
  resources:
  - pods
  verbs:
  - get
- apiGroups:
  - ''
  resources:
  - nodes
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - ''
  resources:
  - nodes/status
  verbs:
  - patch
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: flannel
  labels:
    app.kubernetes.io/name: flannel
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: flannel
subjects:
- kind: ServiceAccount
  name: flannel
  namespace: kube-system
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: flannel-config
  namespace: kube-system
  labels:
    app.kubernetes.io/name: flannel
data:
  cni-conf.json: |
    {
      "name": "cbr0",
      "cniVersion": "0.3.1",
      "plugins": [
        {
          "type": "flannel",
          "delegate": {
            "hairpinMode": true,
            "isDefaultGateway": true
          }
        },
        {
          "type": "portmap",
          "capabilities": {
            "portMappings": true
          }
        }
      ]
    }
  net-conf.json: |
    {
      "Network": "10.244.0.0/16",
      "Backend": {
        "Type": "vxlan"
      }
    }
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: flannel
  namespace: kube-system
  labels:
    app.kubernetes.io/name: flannel
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: flannel
  template:
    metadata:
      labels:
        app.kubernetes.io/name: flannel
      annotations:
        checksum/config: d6fee79aafcaf25b73f852280cb34a2a5fb949859a3b857f88831170e820351e
    spec:
      serviceAccountName: flannel
      priorityClassName: system-node-critical
      hostNetwork: true
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
      - operator: Exists
        effect: NoSchedule
      - operator: Exists
        effect: NoExecute
      securityContext:
        seccompProfile:
          type: RuntimeDefault
      initContainers:
      - name: install-cni-plugin
        image: ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3
        command:
        - cp
        args:
        - -f
        - /flannel
        - /opt/cni/bin/flannel
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 128Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
        volumeMounts:
        - name: cni-plugins
          mountPath: /opt/cni/bin
      - name: install-cni
        image: ghcr.io/flannel-io/flannel:v0.28.9
        command:
        - cp
        args:
        - -f
        - /etc/kube-flannel/cni-conf.json
        - /etc/cni/net.d/10-flannel.conflist
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 128Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
        volumeMounts:
        - name: cni
          mountPath: /etc/cni/net.d
        - name: config
          mountPath: /etc/kube-flannel
      containers:
      - name: flannel
        image: ghcr.io/flannel-io/flannel:v0.28.9
        command:
        - /opt/bin/flanneld
        args:
        - --ip-masq
        - --kube-subnet-mgr
        - --iface=$(HOST_IP)
        env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        - name: HOST_IP
          valueFrom:
            fieldRef:
              fieldPath: status.hostIP
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 128Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            add:
            - NET_ADMIN
            - NET_RAW
            drop:
            - ALL
        volumeMounts:
        - name: run
          mountPath: /run/flannel
        - name: config
          mountPath: /etc/kube-flannel
        - name: xtables-lock
          mountPath: /run/xtables.lock
      volumes:
      - name: run
        hostPath:
          path: /run/flannel
          type: DirectoryOrCreate
      - name: cni
        hostPath:
          path: /etc/cni/net.d
          type: DirectoryOrCreate
      - name: config
        configMap:
          name: flannel-config
      - name: xtables-lock
        hostPath:
          path: /run/xtables.lock
          type: FileOrCreate
      - name: cni-plugins
        hostPath:
          path: /opt/cni/bin
          type: DirectoryOrCreate
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: kube-router
  namespace: kube-system
  labels:
    app.kubernetes.io/name: kube-router
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: kube-router
  labels:
    app.kubernetes.io/name: kube-router
rules:
- apiGroups:
  - ''
  resources:
  - namespaces
  - pods
  - services
  verbs:
  - list
  - watch
- apiGroups:
  - discovery.k8s.io
  resources:
  - endpointslices
  verbs:
  - list
  - watch
- apiGroups:
  - ''
  resources:
  - nodes
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - networking.k8s.io
  resources:
  - networkpolicies
  verbs:
  - list
  - watch
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: kube-router
  labels:
    app.kubernetes.io/name: kube-router
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: kube-router
subjects:
- kind: ServiceAccount
  name: kube-router
  namespace: kube-system
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: kube-router
  namespace: kube-system
  labels:
    app.kubernetes.io/name: kube-router
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: kube-router
  template:
    metadata:
      labels:
        app.kubernetes.io/name: kube-router
    spec:
      serviceAccountName: kube-router
      priorityClassName: system-node-critical
      hostNetwork: true
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
      - operator: Exists
        effect: NoSchedule
      - operator: Exists
        effect: NoExecute
      securityContext:
        seccompProfile:
          type: RuntimeDefault
      containers:
      - name: kube-router
        image: docker.io/cloudnativelabs/kube-router:v2.11.1
        args:
        - --run-firewall=true
        - --run-router=false
        - --run-service-proxy=false
        - --enable-cni=false
        - --health-port=20244
        - --service-cluster-ip-range=10.96.0.0/12
        env:
        - name: NODE_NAME
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        livenessProbe:
          httpGet:
            path: /healthz
            port: 20244
          initialDelaySeconds: 20
          periodSeconds: 10
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 256Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            add:
            - NET_ADMIN
            - NET_RAW
            drop:
            - ALL
        volumeMounts:
        - name: modules
          mountPath: /lib/modules
          readOnly: true
        - name: xtables-lock
          mountPath: /run/xtables.lock
      volumes:
      - name: modules
        hostPath:
          path: /lib/modules
          type: Directory
      - name: xtables-lock
        hostPath:
          path: /run/xtables.lock
          type: FileOrCreate
END_OF_POD_NETWORK
readonly POD_NETWORK

# ---- what the heads of the parts say
# step | what it does | its options | machine | where else | its occasion, outside of the plan | table that must have rows | when | what comes then
readonly STEPS=(
  'backup|save etcd, the certificates and keys of Kubernetes, and the databases into a folder of their own|--to --node --kubeconfig --dry-run|anywhere|, on the control plane: at any time, and daily by what backup-timer installs||||'
  'plan|which command on which machine, in order; changes nothing||anywhere|||||'
  'restore|put back what a backup holds: the control plane, on a host that has none, or a database of the cluster that runs|--from --database --yes --node --kubeconfig --dry-run|anywhere|, on the control plane: when its disk or a database was lost (docs/operations.md)||||'
  'node|make this host ready to be a node: name, swap, kernel, firewall, container runtime, Kubernetes|--node --root --dry-run|every node|||||'
  'volumes|make the directories of the local volumes of this node (owner as its service runs, mode 0750)|--node --root --dry-run|every node|||||'
  'control-plane|kubeadm init, the kubeconfig of the administrator (0600) and the pod network; of a control plane that runs, its changed configuration|--node --kubeconfig --dry-run|control plane|||||'
  'join-token|write a short-lived join token and the hash of the CA to a file (0600)|--node --join-file --kubeconfig --dry-run|control plane|||||copy /run/dojot-join to the same place on each worker'
  'worker|join the cluster, registering with the label of the group|--node --join-file --dry-run|every worker|||||'
  'join-done|delete the join tokens and the join file|--join-file --kubeconfig --dry-run|control plane|||||'
  'labels|verify the group label of every worker, and repair it|--kubeconfig --dry-run|control plane|, or wherever kubectl reaches the cluster||||'
  'secrets|make the Secrets and keys that are missing; what exists stays as it is|--kubeconfig --dry-run|control plane|, or wherever kubectl reaches the cluster||||'
  'argocd|install Argo CD, its project and application: Git rules the cluster from here on|--compiled --kubeconfig --dry-run|control plane|||||'
  'node-ports|write the NodePorts that Kubernetes has chosen to a file for the load balancer|--node-ports --kubeconfig --dry-run|control plane|||NODE_PORTS|once Argo CD has synced|copy /etc/dojot/node-ports to the same place on the load balancer'
  'load-balancer|install HAProxy, its limits and its configuration; reload, never drop sessions|--compiled --node-ports --force --root --dry-run|load balancer|||||'
  'drain|give a server of the load balancer no new sessions; those that it has end by themselves|--wait --server --force --dry-run|load balancer||before the node of a broker is drained or restarted|||'
  'undrain|give a drained server of the load balancer new sessions again|--server --dry-run|load balancer||when the broker of a drained server is back|||'
  'verify|is everything as the inventory says? one line a thing, exit code 1 if not|--compiled --node-ports --kubeconfig|control plane|, or wherever kubectl reaches the cluster; on the load balancer, whether a server is drained||||'
  'backup-timer|make a backup each day: a timer of systemd, and the copy of this script that it runs|--node --dry-run|control plane|||BACKUPS||'
)
# option | name of its value | default | what it does
readonly STEP_OPTIONS=(
  '--to|DIR||where the backup'"'"'s folder is made (default: backup.folder of the inventory, which is also tidied up)'
  '--node|NAME||this host is node NAME, whose address it has (default: the node whose address it has)'
  '--kubeconfig|FILE||default: /etc/kubernetes/admin.conf, then KUBECONFIG, then ~/.kube/config; a cluster that is not the inventory'"'"'s is refused'
  '--dry-run|||change nothing, say what would be done'
  '--from|DIR||the folder of the backup, with its manifest'
  '--database|NAME||fill this one (postgres, mongodb) in place of the control plane; what it holds now is gone then'
  '--yes|CLUSTER||the cluster'"'"'s name, which is asked for otherwise'
  '--root|DIR||prepare the system under DIR, such as a mounted image; with --node, of any node'
  '--join-file|FILE|/run/dojot-join|the file with the join token'
  '--compiled|DIR||the compiled folder of this cluster (default: the one above this script)'
  '--node-ports|FILE|/etc/dojot/node-ports|the file with the chosen NodePorts'
  '--force|||do what costs devices their sessions or their way in, which the step otherwise refuses'
  '--wait|||go on until the server has no session left'
  '--server|NAME||a server of the load balancer, by the name of its node'
)

# ---- api-server
# Files that the API server reads as it starts: the audit policy, and how Secrets are encrypted in etcd. The key of
# that is made here, on the control plane, and is nowhere else: whoever saves etcd has to save it, too.

readonly API_SERVER_MANIFEST=/etc/kubernetes/manifests/kube-apiserver.yaml

# Before one reads them.
write_api_server_files() {
  write_file "$AUDIT_POLICY_FILE" 0600 "$AUDIT_POLICY"
  if [[ ! -e $ENCRYPTION_FILE ]] && ! api_server_reads "$ENCRYPTION_FILE"; then
    change "make a key for Secrets in etcd: $ENCRYPTION_FILE (0600, $ENCRYPTION_PROVIDER)" write_encryption
  fi
}

# Of one that is there: it would miss them only at its next start.
keep_api_server_files() {
  if api_server_reads "$AUDIT_POLICY_FILE"; then
    owing kube-apiserver write_file "$AUDIT_POLICY_FILE" 0600 "$AUDIT_POLICY"
  fi
  if [[ -e $ENCRYPTION_FILE ]]; then
    need_encryption_provider
  elif api_server_reads "$ENCRYPTION_FILE"; then
    refuse "the API server encrypts Secrets with the key in $ENCRYPTION_FILE, and that file is gone: bring it back from where it was saved with etcd. With another key no Secret of this cluster could be read any more"
  fi
}

# api_server_reads PATH: is it one of its arguments?
api_server_reads() {
  grep -qsF -- "=$1" "$API_SERVER_MANIFEST"
}

# A kubelet starts a static pod anew when its manifest is another one: here by a label. The manifest is written outside its
# folder, where the kubelet would take a second one for a pod of its own.
mark_api_server_manifest() {
  local temporary='' label=dojot.components/started
  scratch temporary "${API_SERVER_MANIFEST%/*/*}/.${API_SERVER_MANIFEST##*/}.XXXXXX"
  sed -e "\\|^    $label: |d" -e "s|^  labels:\$|&\n    $label: \"$(date +%s)\"|" -- "$API_SERVER_MANIFEST" >"$temporary"
  grep -q -- "^    $label: " "$temporary" || return 1
  mv --force -- "$temporary" "$API_SERVER_MANIFEST"
}

# Another provider needs both for a time, and every Secret written anew: nothing to do in passing.
need_encryption_provider() {
  if grep -q -- "^  - $ENCRYPTION_PROVIDER:" "$ENCRYPTION_FILE"; then
    report skipped "$ENCRYPTION_FILE has a key for $ENCRYPTION_PROVIDER"
  else
    refuse "$ENCRYPTION_FILE does not name $ENCRYPTION_PROVIDER, which the inventory has as platform.kubernetes.secrets_encryption: see \"Another key for Secrets\" in bootstrap/README.md"
  fi
}

# Both providers take a key of 32 bytes. `identity` reads what was written before there was a key.
write_encryption() {
  local - key temporary=''
  set +x
  mkdir -p -- "${ENCRYPTION_FILE%/*}"
  key=$(head -c 32 /dev/urandom | base64 -w 0)
  ((${#key} == 44)) || return 1
  scratch temporary "${ENCRYPTION_FILE%/*}/.${ENCRYPTION_FILE##*/}.XXXXXX"
  cat >"$temporary" <<YAML
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources:
  - secrets
  providers:
  - $ENCRYPTION_PROVIDER:
      keys:
      - name: first
        secret: $key
  - identity: {}
YAML
  mv --force -- "$temporary" "$ENCRYPTION_FILE"
}

# The policies of earlier runs, which nothing reads any more.
remove_former_policies() {
  local path
  for path in "${AUDIT_POLICY_FILE%-*}"-*.yml; do
    [[ $path != "$AUDIT_POLICY_FILE" && -e $path ]] || continue
    change "remove $path" rm -f -- "$path"
  done
}

# ---- argocd-owner
# Whose is the Argo CD that is there already? This script changes its own alone.

# An annotation of its namespace, from the moment that this script creates it.
readonly ARGOCD_MARK=dojot.components/installed-by ARGOCD_MARKED=bootstrap.sh

ARGOCD_IS_OURS=''

# What own_argocd has found; no only where --dry-run would refuse.
argocd_is_ours() {
  [[ -n $ARGOCD_IS_OURS ]]
}

# Argo CD's namespace exists and is marked.
own_argocd() {
  local found='' named kinds=''
  if cluster_known; then
    found=$(kube get namespace "$ARGOCD_NAMESPACE" --ignore-not-found \
      --output=go-template="namespace {{with .metadata.annotations}}{{with index . \"$ARGOCD_MARK\"}}{{.}}{{end}}{{end}}")
    kinds=$(kube get customresourcedefinitions applications.argoproj.io appprojects.argoproj.io --ignore-not-found --output=name)
  fi
  ARGOCD_IS_OURS=yes
  if [[ $found == "namespace $ARGOCD_MARKED" ]]; then
    report skipped "namespace $ARGOCD_NAMESPACE is this script's"
  elif [[ -z $found && -z $kinds ]]; then
    change "create namespace $ARGOCD_NAMESPACE" create_marked_namespace
  elif [[ -n $found ]] && is_empty_or_ours "$kinds"; then
    change "mark namespace $ARGOCD_NAMESPACE as this script's" \
      kube annotate namespace "$ARGOCD_NAMESPACE" --overwrite "$ARGOCD_MARK=$ARGOCD_MARKED"
  else
    ARGOCD_IS_OURS=''
    named="in namespace $ARGOCD_NAMESPACE"
    [[ -n $found ]] || named="whose kinds (${kinds//$'\n'/, }) another namespace or an earlier installation has brought"
    refuse "there is an Argo CD $named that this script has not installed: nothing was changed. Either use it and leave this step out: kubectl apply --filename=argocd/project.yml --filename=argocd/application.yml, once its argocd-cm has the keys of argocd/argocd-cm.yml. Or, if it is for this cluster alone, hand it over to become $ARGOCD_VERSION on $GROUP_LABEL=$ARGOCD_LABEL: $(how_to_hand_over "$found"). Both ways: \"Argo CD is there already\" in bootstrap/README.md"
  fi
}

# At once with its mark: between two commands the power can fail.
create_marked_namespace() {
  printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  annotations:\n    %s: %s\n' \
    "$ARGOCD_NAMESPACE" "$ARGOCD_MARK" "$ARGOCD_MARKED" | kube create --filename=-
}

how_to_hand_over() {
  [[ -n $1 ]] || printf 'kubectl create namespace %s, then ' "$ARGOCD_NAMESPACE"
  printf 'kubectl annotate namespace %s %s=%s, then this step again' "$ARGOCD_NAMESPACE" "$ARGOCD_MARK" "$ARGOCD_MARKED"
}

# is_empty_or_ours KINDS: a namespace without the mark that somebody has created for this step, or one of
# an earlier version of this script: its pods are where this script places them, and they know this cluster.
is_empty_or_ours() {
  local workload workloads known
  workloads=$(argocd_workloads) || return 1
  if [[ -z $workloads ]]; then
    [[ -z $1 ]]
    return
  fi
  [[ -n $1 ]] || return 1
  known=$(kube get --filename="$(compiled)/argocd/project.yml" --filename="$(compiled)/argocd/application.yml" \
    --ignore-not-found --output=name) || return 1
  [[ -n $known ]] || return 1
  for workload in $workloads; do
    [[ $(argocd_place "$workload") == "$GROUP_LABEL In [$ARGOCD_LABEL]" ]] || return 1
  done
}

# ---- argocd
# What runs in Argo CD's namespace, and where.

argocd_kube() {
  kube --namespace="$ARGOCD_NAMESPACE" "$@"
}

argocd_workloads() {
  argocd_kube get deployments,statefulsets --output=name
}

readonly PLACE='
{{with .spec.template.spec.affinity}}
  {{with .nodeAffinity}}
    {{with .requiredDuringSchedulingIgnoredDuringExecution}}
      {{range .nodeSelectorTerms}}
        {{range .matchExpressions}}{{.key}} {{.operator}} {{.values}}{{end}}
      {{end}}
    {{end}}
  {{end}}
{{end}}'

# argocd_place WORKLOAD: `LABEL In [VALUE]`, if its pods have to be somewhere.
argocd_place() {
  argocd_kube get "$1" --output=go-template="$(template "$PLACE")"
}

# ---- backup
# A backup is a folder CLUSTER-TIME, for root alone:
#   manifest           rows of `cluster`, `time`, `kubernetes`, `control-plane`, and `file | SHA-256 | bytes | path` of each
#   etcd.db            all objects of the cluster; Secrets are encrypted with the key that lies beside it
#   kubernetes.tar     that key, and all certificates and keys of kubeadm. admin.conf and the like are made anew of these
#   <service>/...      each database (lib/databases.sh)

# What Prometheus reads by node-exporter of this node (inventory/classes/service/node-exporter.yml).
readonly BACKUP_METRICS=/var/lib/dojot/metrics/backup.prom

# need_other_disk FOLDER: what lies on the control plane's own disk is lost with it.
need_other_disk() {
  local own other
  own=$(disk_of "$ETCD_FOLDER")
  other=$(disk_of "$1")
  if [[ -z $other ]]; then
    refuse "there is no directory $1 (backup.folder): mount one of another machine there (/etc/fstab)"
  elif [[ $own == "$other" ]]; then
    refuse "$1 (backup.folder) lies on the disk of $ETCD_FOLDER and would be lost with it: mount a directory of another machine there (findmnt, /etc/fstab)"
  fi
}

# disk_of PATH: the device of what is mounted there, as 8:1; nothing where there is no such path.
disk_of() {
  local found
  found=$(findmnt --noheadings --output=MAJ:MIN --target "$1" 2>/dev/null || true)
  printf '%s' "${found//[[:space:]]/}"
}

# What is saved of /etc/kubernetes.
saved_files() {
  printf '%s\n' pki "${ENCRYPTION_FILE#"$KUBERNETES_FOLDER/"}"
}

# write_manifest FOLDER TIME: over all that lies in it by now.
write_manifest() {
  local path sum
  {
    printf '%s\n' "cluster|$CLUSTER_NAME" "time|$2" "kubernetes|$KUBERNETES_VERSION" \
      "control-plane|$(self name)|$(self address)"
    while IFS= read -r path; do
      sum=$(sha256sum -- "$1/$path")
      printf '%s\n' "file|${sum%% *}|$(stat -c %s -- "$1/$path")|$path"
    done < <(cd -- "$1" && find . -type f ! -name manifest -printf '%P\n' | LC_ALL=C sort)
  } >"$1/manifest"
}

# manifest_says FOLDER KEY: what stands behind it, a line each.
manifest_says() {
  sed -n "s/^$2|//p" -- "$1/manifest"
}

# need_whole_backup FOLDER: of this cluster, with each file as it was saved.
need_whole_backup() {
  local found row sum size path number=0
  [[ -r $1/manifest ]] || fail "$1 is no backup: it has no file manifest, which comes last. Name another one with --from"
  found=$(manifest_says "$1" cluster)
  [[ $found == "$CLUSTER_NAME" ]] ||
    fail "$1 is a backup of the cluster ${found:-that it does not name}, and this script is that of $CLUSTER_NAME: nothing was changed"
  while IFS= read -r row; do
    columns "$row" sum size path
    if [[ ! -f $1/$path || $(stat -c %s -- "$1/$path") != "$size" ]] || ! has_sha256 "$1/$path" "$sum"; then
      fail "$1/$path is not as it was saved (SHA-256 $sum, $size bytes): nothing was changed. Take another backup"
    fi
    number=$((number + 1))
  done < <(manifest_says "$1" file)
  ((number > 0)) || fail "$1/manifest names no file: nothing was changed. Take another backup"
  report ok "$1 is a whole backup of $CLUSTER_NAME, of $(manifest_says "$1" time): $number files"
}

# tell_backup FOLDER: for Prometheus, that this one is whole.
tell_backup() {
  local bytes
  bytes=$(du --summarize --bytes -- "$1" 2>/dev/null || true)
  write_file "$BACKUP_METRICS" 0644 "# HELP dojot_backup_timestamp_seconds When the last whole backup was made.
# TYPE dojot_backup_timestamp_seconds gauge
dojot_backup_timestamp_seconds $(date +%s)
# HELP dojot_backup_size_bytes Bytes of that backup.
# TYPE dojot_backup_size_bytes gauge
dojot_backup_size_bytes ${bytes%%[!0-9]*}
"
}

# ---- command-line
# The command line: bootstrap.sh STEP [OPTION...]. Steps and options are two tables, made of the heads in steps/ and lib/.

show_help() {
  local row name help
  printf 'Usage: bootstrap.sh STEP [OPTION...]\n\n'
  printf 'Builds the cluster %s up to the point where Argo CD takes over.\n' "$CLUSTER_NAME"
  printf 'Every step can run again: it changes only what is not yet as it should be.\n\nSteps:\n'
  for row in "${STEPS[@]}"; do
    columns "$row" name help _
    printf '  %-15s %s\n' "$name" "$help"
  done
  show_options "${STEP_OPTIONS[@]}"
  printf '  %-19s this text, or with a step that step'\''s\n' --help
  printf '\nEach line of output says done, skipped, would or failed, and what.\n'
  printf 'Exit code: 0 all is well, 1 a step failed or verify found something, 2 wrong usage.\n'
}

# show_step_help STEP
show_step_help() {
  local row name help options machine elsewhere option taken=()
  columns "$(rows "$1" "${STEPS[@]}")" name help options machine elsewhere _
  printf 'bootstrap.sh %s: %s\nWhere: %s%s.\n' "$name" "$help" "$machine" "$elsewhere"
  for option in $options; do
    taken+=("$(rows "$option" "${STEP_OPTIONS[@]}")")
  done
  if ((${#taken[@]})); then
    show_options "${taken[@]}"
  fi
}

# show_options ROW...
show_options() {
  local row option value default text
  printf '\nOptions:\n'
  for row in "$@"; do
    columns "$row" option value default text
    printf '  %-19s %s\n' "$option${value:+ $value}" "$(tr ' ' '\n' <<<"$text${default:+ (default: $default)}" | wrapped 22)"
  done
}

# wrapped INDENT: its input, a line each of what belongs together, in lines that a terminal shows.
wrapped() {
  local piece line=''
  while read -r piece; do
    if ((${#line} + ${#piece} > 105 - $1)); then
      printf '%s\n%*s' "$line" "$1" ''
      line=''
    fi
    line+=${line:+ }$piece
  done
  printf '%s' "$line"
}

# takes STEP OPTION
takes() {
  local options
  columns "$(rows "$1" "${STEPS[@]}")" _ _ options _
  [[ " $options " == *" $2 "* ]]
}

# steps_that_take OPTION: as in `a, b and c`.
steps_that_take() {
  local row step text='' last=''
  for row in "${STEPS[@]}"; do
    columns "$row" step _
    takes "$step" "$1" || continue
    text+=${last:+${text:+, }$last}
    last=$step
  done
  printf '%s' "${text:+$text and }$last"
}

# read_option WORD [NEXT WORD]: 1 where the next word is its value.
read_option() {
  local row name=${1%%=*} value
  row=$(rows "$name" "${STEP_OPTIONS[@]}")
  columns "$row" _ value _
  if [[ -z $row || (-z $value && $1 == *=*) ]]; then
    usage_error "unknown option $1 (see --help)"
  elif [[ -z $value ]]; then
    set_option "${name#--}" yes
  elif [[ $1 == *=* ]]; then
    [[ -n ${1#*=} ]] || usage_error "$name needs a value"
    set_option "${name#--}" "${1#*=}"
  else
    [[ -n ${2-} ]] || usage_error "$name needs a value"
    set_option "${name#--}" "$2"
    return 1
  fi
}

set_defaults() {
  local row option default
  for row in "${STEP_OPTIONS[@]}"; do
    columns "$row" option _ default _
    set_option "${option#--}" "$default"
  done
}

main() {
  local step='' wants_help=''
  set_defaults
  while (($#)); do
    case $1 in
      --help | -h) wants_help=yes ;;
      -*) read_option "$@" || shift ;;
      *)
        [[ -z $step ]] || usage_error "one step at a time: $step or $1?"
        columns "$(rows "$1" "${STEPS[@]}")" step _
        [[ -n $step ]] || usage_error "unknown step $1 (see --help)"
        ;;
    esac
    shift
  done
  if [[ -n $wants_help && -n $step ]]; then
    show_step_help "$step"
    return 0
  elif [[ -n $wants_help ]]; then
    show_help
    return 0
  fi
  [[ -n $step ]] || usage_error 'which step? (see --help)'
  check_root_option
  if needs_lock "$step"; then
    lock
  fi
  working_on "$step"
  "step_${step//-/_}"
}

# ---- compiled
# The compiled folder of this cluster: --compiled, or the one that holds this script.

compiled() {
  local given
  given=$(option compiled)
  printf '%s' "${given:-$(dirname -- "${BASH_SOURCE[0]}")/..}"
}

# need_compiled FOLDER FILE...
need_compiled() {
  local folder file
  folder=$(compiled)/$1
  shift
  for file in "$@"; do
    [[ -r $folder/$file ]] ||
      fail "$folder/$file is missing: copy the whole compiled/$CLUSTER_NAME to this machine, or name its place with --compiled"
  done
}

# ---- databases
# The databases of the inventory, saved and filled again by the programs of their own images, in their pods. Those find
# user and password in their environment: no password is an argument there, and none goes through here.

# in_database SERVICE SCRIPT [ARGUMENT...]: SCRIPT, for the sh of its image, with the input of this function.
in_database() {
  local namespace kind
  columns "$(rows "$1" "${DATABASES[@]}")" _ namespace kind _
  kube --namespace="$namespace" exec --stdin "$kind/$1" --container="$1" -- sh -c "$2" "$1" "${@:3}"
}

# database_names: a line each.
database_names() {
  local row name
  for row in "${DATABASES[@]}"; do
    columns "$row" name _
    printf '%s\n' "$name"
  done
}

# save_database SERVICE FOLDER: into files below FOLDER/SERVICE.
save_database() {
  mkdir -- "$2/$1"
  "save_$(maker_of "$1")" "$1" "$2/$1"
}

# fill_database SERVICE FOLDER: out of what save_database has made.
fill_database() {
  "fill_$(maker_of "$1")" "$1" "$2/$1"
}

# maker_of SERVICE: postgres or mongodb; nothing where it is no database of the inventory.
maker_of() {
  local maker
  columns "$(rows "$1" "${DATABASES[@]}")" _ _ _ maker
  printf '%s' "$maker"
}

# ---- PostgreSQL: a dump for each database, and a list of them with their owners. Roles and passwords are not saved: a
# server that starts empty makes them of the cluster's Secrets.

# DATABASE [NAME OWNER]: statements come by its input, where psql knows :"name" and :'name'.
IFS= read -r -d '' PSQL <<'END_OF_SCRIPT' || true
export PGPASSWORD="$POSTGRES_PASSWORD"
exec psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
  --username="$POSTGRES_USER" --dbname="$1" --set=name="${2-}" --set=owner="${3-}"
END_OF_SCRIPT
readonly PSQL

# DATABASE
IFS= read -r -d '' PG_DUMP <<'END_OF_SCRIPT' || true
export PGPASSWORD="$POSTGRES_PASSWORD"
exec pg_dump --no-password --username="$POSTGRES_USER" --dbname="$1"
END_OF_SCRIPT
readonly PG_DUMP
readonly PG_DUMP_END='-- PostgreSQL database dump complete'

save_postgres() {
  local database
  in_database "$1" "$PSQL" postgres >"$2/databases" <<'END'
select datname, pg_get_userbyid(datdba) from pg_database where datallowconn and not datistemplate order by 1;
END
  while IFS='|' read -r database _; do
    [[ $database =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*$ ]] ||
      fail "$1 has a database whose name can be no file's: $database. Rename it, or drop it"
    in_database "$1" "$PG_DUMP" "$database" </dev/null | gzip >"$2/$database.sql.gz"
    # Whatever the way from the pod to here has lost.
    zcat -- "$2/$database.sql.gz" | tail -n 20 | grep -xF -e "$PG_DUMP_END" >/dev/null ||
      fail "the dump of the database $database of $1 has no end: run this step again"
  done <"$2/databases"
}

# Begins the transaction that a dump then fills: others see what was until it is committed. Whoever has it open is asked
# to leave, comes back, and waits.
IFS= read -r -d '' EMPTIED <<'END' || true
set client_min_messages = warning;
select count(pg_terminate_backend(pid)) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid();
begin;
do $$
declare
  statement text;
begin
  foreach statement in array array(
    select format('drop schema if exists %I cascade', nspname) from pg_namespace
      where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
    union all
    select format('drop extension if exists %I cascade', extname) from pg_extension where extname <> 'plpgsql'
    union all
    select format('drop %s if exists public.%I cascade', case relkind when 'v' then 'view' when 'S' then 'sequence'
      when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end, relname) from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    union all
    select format('drop function if exists %s cascade', oid::regprocedure) from pg_proc
      where pronamespace = 'public'::regnamespace
    union all
    select format('drop type if exists public.%I cascade', typname) from pg_type
      where typnamespace = 'public'::regnamespace and typtype in ('d', 'e', 'r')
  )
  loop
    execute statement;
  end loop;
end
$$;
END
readonly EMPTIED

# One by one, each whole or not at all: where the input ends before its last line, PostgreSQL takes all of it back.
fill_postgres() {
  local database owner found
  while IFS='|' read -r database owner; do
    found=$(in_database "$1" "$PSQL" postgres "$database" <<<"select 1 from pg_database where datname = :'name';")
    if [[ -z $found ]]; then
      in_database "$1" "$PSQL" postgres "$database" "$owner" <<<'create database :"name" owner :"owner";'
    fi
    {
      printf '%s' "$EMPTIED"
      zcat -- "$2/$database.sql.gz"
      printf 'commit;\n'
    } | in_database "$1" "$PSQL" "$database" >/dev/null
  done <"$2/databases"
}

# ---- MongoDB: one archive. Its tools read a password that no argument gives from their input.

IFS= read -r -d '' MONGODUMP <<'END_OF_SCRIPT' || true
printf '%s\n' "$MONGO_INITDB_ROOT_PASSWORD" |
  mongodump --username="$MONGO_INITDB_ROOT_USERNAME" --authenticationDatabase=admin --archive
END_OF_SCRIPT
readonly MONGODUMP

# A collection of the archive takes the place of the one with its name; others stay.
IFS= read -r -d '' MONGORESTORE <<'END_OF_SCRIPT' || true
exec 3<&0
printf '%s\n' "$MONGO_INITDB_ROOT_PASSWORD" |
  mongorestore --username="$MONGO_INITDB_ROOT_USERNAME" --authenticationDatabase=admin --drop --archive=/dev/fd/3
END_OF_SCRIPT
readonly MONGORESTORE

save_mongodb() {
  in_database "$1" "$MONGODUMP" </dev/null | gzip >"$2/archive.gz"
}

# MongoDB cannot take half of it back: after a failure it has to run again.
fill_mongodb() {
  zcat -- "$2/archive.gz" | in_database "$1" "$MONGORESTORE"
}

# ---- drained
# Drained servers of HAProxy have weight 0: they keep their sessions and get no new ones.
#
# That stands in the configuration on this host, because whoever starts or reloads HAProxy reads it there; the admin
# socket tells the process that runs. HAProxy's own way, server-state-file, would have to be written before each reload,
# whoever makes it, and brings the server's former port back (2.0 and 3.2 alike): a NodePort that the new configuration
# changes would not be used.

# The configuration on this host; nothing where there is none yet.
installed_config() {
  cat -- "${OPTION[root]-}$HAPROXY_CONFIG" 2>/dev/null || true
}

# drained_servers TEXT: a line each, by a configuration.
drained_servers() {
  printf '%s\n' "$1" | sed -n 's/^    server \([a-z0-9-]*\) .* weight 0$/\1/p' | sort --unique
}

# with_drained TEXT SERVER...: the configuration with these servers drained, and no other.
with_drained() {
  local server edits=(--expression='s/^\(    server .*\) weight 0$/\1/')
  for server in "${@:2}"; do
    edits+=(--expression="s/^    server $server .*/& weight 0/")
  done
  printf '%s\n' "$1" | sed "${edits[@]}"
}

# weigh SERVER 0|1: in the configuration, then in the process that runs: a reload in between finds it there.
weigh() {
  local row listener state text drained=() rows=() what=drain
  (($2 == 0)) || what=undrain
  if ! haproxy_known; then
    report would "$what $1 in every listener that has it"
    return 0
  fi
  text=$(installed_config)
  [[ -n $text ]] || fail "$HAPROXY_CONFIG is missing, so HAProxy runs with another one: run the step load-balancer"
  mapfile -t drained < <(drained_servers "$text" | grep -vxF -- "$1" || true)
  [[ $what == undrain ]] || drained+=("$1")
  write_file "$HAPROXY_CONFIG" 0640 "$(with_drained "$text" "${drained[@]}")"$'\n'
  mapfile -t rows < <(of_server "$1")
  for row in "${rows[@]}"; do
    columns "$row" listener _ state _
    if [[ $what == drain && $state == drained ]]; then
      report skipped "$1 is drained in $listener"
    elif [[ $what == undrain && $state != drained ]]; then
      report skipped "$1 is not drained in $listener"
    else
      change "$what $1 in $listener" weigh_now "$listener/$1" "$2"
    fi
  done
}

# weigh_now LISTENER/SERVER 0|1: whoever has drained it by a state of the socket is undone, too.
weigh_now() {
  (($2 == 0)) || tell_haproxy "set server $1 state ready"
  tell_haproxy "set weight $1 $2"
}

# ---- etcd
# etcd's data: saved by the program that comes in its own image, and put back by that, so that both are of etcd's release.

readonly ETCD_FOLDER=/var/lib/etcd
readonly ETCD_DATA=/var/lib/etcd/member
readonly KUBERNETES_FOLDER=/etc/kubernetes

# save_etcd FILE: a snapshot of the etcd that runs. Its pod sees the host's folder, and no other place to write to.
save_etcd() {
  local pki=$KUBERNETES_FOLDER/pki/etcd snapshot=$ETCD_FOLDER/dojot-backup.db
  SCRATCH+=("$snapshot" "$snapshot.part")
  kube --namespace=kube-system exec "etcd-$(self name)" -- etcdctl --endpoints=https://127.0.0.1:2379 \
    --cacert="$pki/ca.crt" --cert="$pki/healthcheck-client.crt" --key="$pki/healthcheck-client.key" \
    snapshot save "$snapshot"
  chmod 0600 "$snapshot"
  mv -- "$snapshot" "$1"
}

# restore_etcd FILE CONFIG: etcd's data out of a snapshot, before any etcd has run on this host; in the image that kubeadm
# takes with this configuration.
restore_etcd() {
  local image member program=(etcdutl snapshot restore --bump-revision=1000000000 --mark-compacted)
  local folder=$ETCD_FOLDER/restored snapshot=$ETCD_FOLDER/restored.db
  install --directory --mode=0700 -- "$ETCD_FOLDER"
  rm -rf -- "$folder"
  SCRATCH+=("$folder" "$snapshot")
  image=$(kubeadm config images list --config="$2" | grep '/etcd:')
  install --mode=0600 -- "$1" "$snapshot"
  # Kubelets have seen newer revisions than the snapshot's: bumped, it is newer to them, and they read all anew. A release
  # before 3.5 has neither that nor this program.
  if ! run_image "$image" etcdutl version >/dev/null 2>&1; then
    program=(etcdctl snapshot restore)
  fi
  member="$(self name)=https://$(self address):2380"
  run_image "$image" "${program[@]}" "$snapshot" --data-dir="$folder" --name="$(self name)" \
    --initial-cluster="$member" --initial-advertise-peer-urls="${member#*=}"
  mv -- "$folder/member" "$ETCD_DATA"
}

# run_image IMAGE COMMAND...: on this host, without a cluster; it sees etcd's folder and nothing else of the host.
run_image() {
  "run_image_$RUNTIME_NAME" "$ETCD_FOLDER" "$@"
}

# ---- files
# Files of this host: written beside their place and moved into it, so that no
# reader ever sees half a file.

FILE_CHANGED=''

# Did the last write_file or fetch change the file (or would it)?
file_changed() {
  [[ -n $FILE_CHANGED ]]
}

# Before it is changed.
file_changes() {
  FILE_CHANGED=yes
  owe_creditor
}

# is_written PATH MODE TEXT: would write_file leave it as it is?
is_written() {
  local path=${OPTION[root]-}$1
  [[ -f $path && $(stat -c %a -- "$path") == "${2#0}" ]] && cmp --silent -- "$path" <(printf '%s' "$3")
}

# write_file PATH MODE TEXT [keep]: `keep` leaves the former file as PATH.previous.
write_file() {
  local path=${OPTION[root]-}$1 mode=$2 text=$3 keep=${4-} temporary=''
  FILE_CHANGED=''
  if is_written "$@"; then
    report skipped "$path is as it should be"
    return 0
  fi
  file_changes
  if dry_run; then
    report would "write $path"
    return 0
  fi
  working_on "write $path"
  mkdir -p -- "${path%/*}"
  if [[ -n $keep && -e $path ]]; then
    cp --preserve=all -- "$path" "$path.previous"
  fi
  scratch temporary "${path%/*}/.${path##*/}.XXXXXX"
  printf '%s' "$text" >"$temporary"
  chmod -- "$mode" "$temporary"
  mv --force -- "$temporary" "$path"
  report 'done' "write $path"
}

# download URL PATH: over HTTPS only, redirects included.
download() {
  # The bounds of speed are for a mirror that stalls: no bound of time suits every line.
  curl --fail --silent --show-error --location --proto '=https' --retry 3 \
    --connect-timeout 20 --speed-limit 1024 --speed-time 60 --output "$2" -- "$1"
}

has_sha256() {
  [[ -f $1 ]] && printf '%s  %s\n' "$2" "$1" | sha256sum --check --status
}

# fetch URL SHA256 PATH MODE: only bytes with this checksum ever reach PATH.
fetch() {
  local url=$1 sha256=$2 path=${OPTION[root]-}$3 mode=$4 temporary=''
  FILE_CHANGED=''
  if has_sha256 "$path" "$sha256"; then
    report skipped "$path has the right checksum"
    return 0
  fi
  file_changes
  if dry_run; then
    report would "download $url to $path"
    return 0
  fi
  working_on "download $url"
  mkdir -p -- "${path%/*}"
  scratch temporary "${path%/*}/.${path##*/}.XXXXXX"
  download "$url" "$temporary"
  has_sha256 "$temporary" "$sha256" ||
    fail "download $url: what came does not have the SHA-256 $sha256; nothing was installed"
  chmod -- "$mode" "$temporary"
  mv --force -- "$temporary" "$path"
  report 'done' "download $url to $path"
}

# ---- firewall
# The firewall of a node: a table of nftables of its own, loaded before the network comes up at every boot. SSH is not in
# it, so that no mistake of the inventory locks anybody out.

readonly FIREWALL_FILE=/etc/dojot/firewall.nft
readonly FIREWALL_SERVICE=dojot-firewall

configure_firewall() {
  if [[ $FIREWALL_ENABLED == true ]]; then
    install_firewall
  else
    remove_firewall
  fi
}

install_firewall() {
  check_firewall
  owing "$FIREWALL_SERVICE" write_file "$FIREWALL_FILE" 0644 "$FIREWALL"
  write_file "/etc/systemd/system/$FIREWALL_SERVICE.service" 0644 "$(firewall_unit)"$'\n'
  read_unit "$FIREWALL_SERVICE"
  # A program that has flushed every table has taken this one along.
  if is_active "$FIREWALL_SERVICE" && { is_owed "$FIREWALL_SERVICE" || ! firewall_is_loaded; }; then
    live 'load the firewall anew' systemctl reload "$FIREWALL_SERVICE"
    settle "$FIREWALL_SERVICE"
  fi
  run_service "$FIREWALL_SERVICE"
}

# Before it takes the place of one that works.
check_firewall() {
  local file=''
  ! dry_run && [[ -z ${OPTION[root]-} ]] || return 0
  scratch file "${TMPDIR:-/tmp}/dojot-firewall.XXXXXX"
  printf '%s' "$FIREWALL" >"$file"
  working_on 'check the firewall'
  nft --check --file "$file" >&2 || fail "nft refuses the firewall of the inventory, see above: nothing of it was changed"
}

firewall_is_loaded() {
  nft list table inet dojot >/dev/null 2>&1
}

remove_firewall() {
  local unit=/etc/systemd/system/$FIREWALL_SERVICE.service
  if [[ ! -e ${OPTION[root]-}$unit ]]; then
    report skipped 'the inventory wants no firewall, and this host has none of it'
    return 0
  fi
  live 'take the firewall away' systemctl disable --now "$FIREWALL_SERVICE"
  change "remove $unit" rm -f -- "${OPTION[root]-}$unit"
  live 'read the unit files again' systemctl daemon-reload
}

# After nftables.service, which begins with flushing every table where somebody uses it.
firewall_unit() {
  cat <<UNIT
[Unit]
Description=Who may reach which ports of this node
Documentation=man:nft(8)
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=nftables.service
Conflicts=shutdown.target
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft --file $FIREWALL_FILE
ExecReload=/usr/sbin/nft --file $FIREWALL_FILE
ExecStop=/usr/sbin/nft delete table inet dojot

[Install]
WantedBy=sysinit.target
UNIT
}

# ---- haproxy
# The HAProxy of this host, asked at its admin socket.

HAPROXY_KNOWN=''
# A row for each server of a listener: LISTENER|SERVER|up, down or drained|ADDRESS:PORT
declare -a SERVERS=()

# Bits of srv_admin_state: HAProxy's management guide on "show servers state".
readonly ADMIN_MAINTENANCE=0x67 ADMIN_DRAIN=0x18

# need_force WHY: refuse, unless --force is given.
need_force() {
  [[ -n $(option force) ]] || refuse "$1. Nothing was changed; --force does it all the same"
}

need_load_balancer() {
  dry_run || [[ -n ${OPTION[root]-} ]] || has_address "$LOAD_BALANCER_ADDRESS" ||
    fail "this host does not have $LOAD_BALANCER_ADDRESS, the address of $LOAD_BALANCER_NAME"
}

# Is there a HAProxy to compare with? Only --dry-run goes on without one.
haproxy_known() {
  [[ -n $HAPROXY_KNOWN ]]
}

need_haproxy() {
  if ! command -v socat >/dev/null && ! dry_run; then
    fail 'socat is missing, with which HAProxy is asked: run the step load-balancer, which installs it'
  elif read_servers; then
    HAPROXY_KNOWN=yes
  elif dry_run; then
    printf '%s\n' 'bootstrap.sh: no HAProxy answers here; what it has is not known' >&2
  else
    fail "HAProxy does not answer at $HAPROXY_ADMIN_SOCKET: see systemctl status haproxy"
  fi
}

# haproxy_answer COMMAND: HAProxy closes once it has answered, which takes it a moment under load.
haproxy_answer() {
  socat -t 30 - "UNIX-CONNECT:$HAPROXY_ADMIN_SOCKET" <<<"$1"
}

# tell_haproxy COMMAND: one that changes something has no answer, unless it was refused.
tell_haproxy() {
  local answer
  answer=$(haproxy_answer "$1") || fail "HAProxy does not answer at $HAPROXY_ADMIN_SOCKET: see systemctl status haproxy"
  [[ -z ${answer//[[:space:]]/} ]] || fail "HAProxy refuses \"$1\": $answer"
}

# SERVERS as they are now; 1 where nobody answers. Servers of checks and of HAProxy's own pages are none of clients.
read_servers() {
  local table row listeners='' listener server address running admin weight port state
  table=$(haproxy_answer 'show servers state' 2>/dev/null) || return 1
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    listeners+=" ${row#*|} "
  done
  SERVERS=()
  while read -r _ listener _ server address running admin weight _ _ _ _ _ _ _ _ _ _ port _; do
    [[ -n $listener && $listeners == *" $listener "* ]] || continue
    state=up
    ((running && !(admin & ADMIN_MAINTENANCE))) || state=down
    ((weight && !(admin & ADMIN_DRAIN))) || state=drained
    SERVERS+=("$listener|$server|$state|$address:$port")
  done <<<"$table"
}

check_server_option() {
  [[ -n $(option server) ]] || usage_error 'which server? --server NAME (see --help)'
}

# need_server: HAProxy has the one of --server.
need_server() {
  local names
  if haproxy_known && [[ -z $(of_server "$(option server)") ]]; then
    names=$(printf '%s\n' "${SERVERS[@]}" | cut --delimiter='|' --fields=2 | sort --unique | paste -sd ' ')
    fail "HAProxy has no server $(option server), but: $names"
  fi
}

# of_server SERVER: its rows.
of_server() {
  local row server
  for row in "${SERVERS[@]}"; do
    columns "$row" _ server _
    [[ $server != "$1" ]] || printf '%s\n' "$row"
  done
}

# sessions_of SERVER: its connections from this host, by the kernel, which knows those of old processes as well. A check
# is one of them for a moment.
sessions_of() {
  local row filter=''
  for row in $(of_server "$1"); do
    filter+="${filter:+ or }dst = ${row##*|}"
  done
  ss --no-header --numeric --tcp state established "( $filter )" | wc -l
}

# device_sessions [PID]: how many connections are open on the ports that clients use; of one process.
device_sessions() {
  local row port filter=''
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    columns "$row" port _
    filter+="${filter:+ or }sport = :$port"
  done
  if [[ -n ${1-} ]]; then
    ss --no-header --numeric --tcp --processes state established "( $filter )" | grep -c -- ",pid=$1," || true
  else
    ss --no-header --numeric --tcp state established "( $filter )" | wc -l
  fi
}

# A reload leaves the process of before with its sessions, for hard-stop-after at most. One reload more than
# mworker-max-reloads, and HAProxy ends the oldest.
need_room_for_a_reload() {
  local master oldest next workers=()
  master=$(systemctl show --property=MainPID --value haproxy 2>/dev/null || true)
  [[ $master =~ ^[1-9][0-9]*$ ]] || return 0
  # The oldest first, with its age: what the kernel knows holds however the reload was made.
  mapfile -t workers < <(ps --ppid "$master" --sort=start_time -o pid=,etimes= 2>/dev/null || true)
  ((${#workers[@]} > HAPROXY_MAX_RELOADS)) || return 0
  read -r oldest _ <<<"${workers[0]}"
  # It was replaced when the next one began.
  read -r _ next <<<"${workers[1]}"
  need_force "$((${#workers[@]} - 1)) old processes of haproxy still hold sessions, no more than platform.haproxy.max_reloads allows: a reload would end the oldest (process $oldest) and drop its $(device_sessions "$oldest") sessions. It ends by itself in $((HAPROXY_HARD_STOP_AFTER - next)) s at the latest: run this step again then"
}

# ---- host
# This host: who it is in the inventory.

declare -A SELF=()

need_root() {
  # Under --root the rights on that folder decide.
  if ! dry_run && [[ -z ${OPTION[root]-} ]] && ((EUID != 0)); then
    fail 'this step changes the system: run it as root (sudo)'
  fi
}

# self name|address|role|label
self() {
  printf '%s' "${SELF[$1]}"
}

own_addresses() {
  hostname -I 2>/dev/null || true
}

# has_address ADDRESS: is it one of this host's own?
has_address() {
  local addresses address
  addresses=$(own_addresses)
  for address in $addresses; do
    [[ $address != "$1" ]] || return 0
  done
  return 1
}

# Whose are the addresses of this host?
whose_addresses() {
  local row name address addresses owners=''
  addresses=$(own_addresses)
  for row in "${NODES[@]}" "$LOAD_BALANCER_NAME|$LOAD_BALANCER_ADDRESS"; do
    columns "$row" name address _
    if has_address "$address"; then
      owners+="${owners:+, }$name ($address)"
    fi
  done
  if [[ -n $owners ]]; then
    printf 'by its addresses it is %s' "$owners"
  else
    printf 'its addresses (%s) belong to no machine of %s' "${addresses% }" "$CLUSTER_NAME"
  fi
}

# A kubelet registers with the address of its node, kubeadm with that of the control plane.
need_own_address() {
  if [[ -n ${OPTION[root]-} ]] || has_address "${SELF[address]}"; then
    return 0
  fi
  refuse "this host is not ${SELF[name]}: it does not have ${SELF[address]}; $(whose_addresses). Run the step on ${SELF[name]}, or put its address right in the inventory"
}

# kubeadm and the kubelet work on the running system.
need_running_system() {
  [[ -z ${OPTION[root]-} ]] || usage_error "--root is for $(steps_that_take --root): this step works on the running system"
}

# Which node is this host? One of its addresses says it; --node too, for the system of another machine below --root.
identify() {
  local row name address role label wanted
  wanted=$(option node)
  for row in "${NODES[@]}"; do
    columns "$row" name address role label
    if [[ -n $wanted ]]; then
      [[ $name == "$wanted" ]] || continue
    else
      has_address "$address" || continue
    fi
    SELF=([name]=$name [address]=$address [role]=$role [label]=$label)
    need_own_address
    return 0
  done
  if [[ -n $wanted ]]; then
    fail "the inventory of $CLUSTER_NAME has no node $wanted"
  fi
  fail "this host is no node of $CLUSTER_NAME: $(whose_addresses). Run the step on a node; for the system of one below --root, name it with --node"
}

need_role() {
  [[ ${SELF[role]} == "$1" ]] || fail "${SELF[name]} is a ${SELF[role]} node: run this step on a $1 node"
}

need_system() {
  local release=${OPTION[root]-}/etc/os-release found
  [[ $(uname -m) == x86_64 ]] || fail "this host is $(uname -m): the binaries of the inventory are for x86_64"
  found=$(sed -n 's/^ID=//p; s/^VERSION_ID=//p' "$release" 2>/dev/null | tr -d '"' | sort | paste -sd ' ' || true)
  [[ $found != "$OS_VERSION $OS_NAME" ]] || return 0
  refuse "this host is not $OS_NAME $OS_VERSION: the inventory's platform classes must name what it runs"
}

set_hostname() {
  write_file /etc/hostname 0644 "$1"$'\n'
  if [[ -z ${OPTION[root]-} && $(hostname) == "$1" ]]; then
    report skipped "the host name is $1"
  else
    live "set the host name to $1" hostnamectl set-hostname "$1"
  fi
}

# --root without its trailing slash; `/` is the running system.
check_root_option() {
  local given
  given=$(option root)
  given=${given%/}
  [[ -z $given || -d $given ]] || usage_error "--root $given is not a directory"
  set_option root "$given"
}

# ---- hosts-file
# /etc/hosts: every machine knows the others by name, whatever the DNS of the site says.

readonly HOSTS_BEGIN='# dojot nodes: begin' HOSTS_END='# dojot nodes: end'
# Where cloud-init is told to manage /etc/hosts, it makes that file anew from this one at every boot.
readonly HOSTS_TEMPLATE=/etc/cloud/templates/hosts.debian.tmpl

write_hosts() {
  write_hosts_block /etc/hosts
  if [[ -f ${OPTION[root]-}$HOSTS_TEMPLATE ]]; then
    write_hosts_block "$HOSTS_TEMPLATE"
  fi
}

# write_hosts_block PATH: our lines at its end, all others as they are.
write_hosts_block() {
  local path=${OPTION[root]-}$1 text='' row name address
  if [[ -f $path ]]; then
    need_whole_block "$path"
    text=$(sed "/^$HOSTS_BEGIN\$/,/^$HOSTS_END\$/d" "$path")$'\n'
  fi
  text+=$HOSTS_BEGIN$'\n'
  for row in "${NODES[@]}"; do
    columns "$row" name address _
    text+="$address $name"$'\n'
  done
  text+="$LOAD_BALANCER_ADDRESS $LOAD_BALANCER_NAME"$'\n'
  text+=$HOSTS_END$'\n'
  write_file "$1" 0644 "$text" keep
}

# need_whole_block PATH: one begin and one end after it, or neither. Otherwise nobody knows which lines are ours.
need_whole_block() {
  local marks whole=$'^begin[^\n]*\nend[^\n]*$'
  marks=$(awk -v begin="$HOSTS_BEGIN" -v end="$HOSTS_END" \
    '$0 == begin { print "begin in line " NR } $0 == end { print "end in line " NR }' "$1")
  [[ -n $marks && ! $marks =~ $whole ]] || return 0
  fail "$1 must have the line \"$HOSTS_BEGIN\" once and \"$HOSTS_END\" once after it, or neither; it has ${marks//$'\n'/, }. Nothing was written: mend or delete these lines, and what is between them"
}

# ---- join-file
# Joining: a token for this round only, with the hash of the cluster's CA, in a file
# that only root reads; deleted in the cluster when the round is over.

# By this the cluster's tokens of such a round are known.
readonly JOIN_DESCRIPTION='dojot bootstrap: join'

create_join_token() {
  kubeadm token create --kubeconfig="$(kubeconfig)" --ttl="$JOIN_TOKEN_TTL" --description="$JOIN_DESCRIPTION"
}

readonly JOIN_TOKENS='
{{range .items}}
  {{if eq (printf "%v" .data.description) "@DESCRIPTION@"}}{{println .metadata.name}}{{end}}
{{end}}'

# join_tokens: the name of each such Secret, a line each. A token's name is its public half.
join_tokens() {
  local encoded
  encoded=$(printf '%s' "$JOIN_DESCRIPTION" | base64 --wrap=0)
  kube --namespace=kube-system get secrets --field-selector=type=bootstrap.kubernetes.io/token \
    --output=go-template="$(template "$JOIN_TOKENS" DESCRIPTION "$encoded")"
}

# Also where an earlier run was killed before it came to this.
remove_join_file() {
  local path
  path=$(option join-file)
  if [[ -e $path ]]; then
    change "remove $path" rm -f -- "$path"
  else
    report skipped "$path does not exist"
  fi
}

# ---- kernel
# Kernel settings of this host.

# write_sysctl PATH TEXT: now, and after every boot.
write_sysctl() {
  local name value found different=${OPTION[root]-}
  write_file "$1" 0644 "$2"
  while [[ -z $different ]] && IFS=' =' read -r name value; do
    [[ -n $name && $name != '#'* ]] || continue
    # The kernel parts the numbers of a range by a tab.
    found=$(sysctl -n "${name#-}" 2>/dev/null | tr '\t' ' ' || true)
    [[ $found == "$value" ]] || different=yes
  done <<<"$2"
  if [[ -n $different ]]; then
    live "apply $1" sysctl --load="$1"
  else
    report skipped "the kernel has the settings of $1"
  fi
}

# ---- kubeadm-config
# kubeadm reads its configuration when it makes a cluster. One that runs is brought to a changed configuration by the
# phases of kubeadm that it concerns.

# The configuration with which kubeadm has last made, or changed, this control plane.
readonly KUBEADM_CONFIG_APPLIED=/etc/dojot/kubeadm-init.yml
readonly MANIFESTS=/etc/kubernetes/manifests
readonly STATIC_PODS=(etcd kube-apiserver kube-controller-manager kube-scheduler)
# A kubelet looks at manifests every 20 seconds, and an API server that starts takes a minute: this often it is asked,
# with a pause of 5 seconds.
readonly STATIC_POD_ATTEMPTS=48

# make_control_plane [ARGUMENT...]: of kubeadm init.
make_control_plane() {
  local config=''
  if dry_run; then
    report would "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_ADDRESS"
    return 0
  fi
  scratch config "${TMPDIR:-/tmp}/dojot-init.XXXXXX"
  printf '%s' "$KUBEADM_INIT" >"$config"
  # --skip-token-print: kubeadm would show its own token, which nobody needs.
  change "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_ADDRESS" \
    kubeadm init --config="$config" --skip-token-print "$@"
  note_kubeadm_config
  take_kubelet_config joined
}

note_kubeadm_config() {
  write_file "$KUBEADM_CONFIG_APPLIED" 0644 "$KUBEADM_INIT"
}

# renew_control_plane: what kubeadm has made of an earlier configuration becomes what it makes of this one.
renew_control_plane() {
  local server config=''
  # With --dry-run, of a host that has no control plane yet.
  [[ -e $ADMIN_CONF ]] || return 0
  if is_owed kube-apiserver; then
    renew_static_pods 'start the API server anew: it reads its files only then' mark_api_server_manifest
    settle kube-apiserver
  fi
  if ! is_owed control-plane && cmp --silent -- "$KUBEADM_CONFIG_APPLIED" <(printf '%s' "$KUBEADM_INIT"); then
    report skipped 'the control plane has the configuration of kubeadm-init.yml'
    return 0
  fi
  server=$(server_version "$ADMIN_CONF")
  if [[ $server != "$KUBERNETES_VERSION" ]]; then
    refuse "the API server is ${server:-of a version that it does not say}, the inventory has $KUBERNETES_VERSION, and nothing here upgrades a control plane. First do so by hand (\"A newer Kubernetes\" in bootstrap/README.md), or name the running version in the inventory"
    return 0
  fi
  owe control-plane
  write_api_server_files
  if ! dry_run; then
    scratch config "${TMPDIR:-/tmp}/dojot-init.XXXXXX"
    printf '%s' "$KUBEADM_INIT" >"$config"
  fi
  change 'kubeadm init phase upload-config: what joining nodes and upgrades read' \
    kubeadm init phase upload-config all --config="$config" --kubeconfig="$ADMIN_CONF"
  renew_static_pods 'kubeadm init phase etcd, control-plane: the manifests of the control plane' make_manifests "$config"
  renew_kube_proxy "$config"
  note_kubeadm_config
  remove_former_policies
  settle control-plane
}

# renew_static_pods WHAT COMMAND...: a change of their manifests. The API server is away for a moment, pods go on.
renew_static_pods() {
  local name before=() hashes=() number
  for name in "${STATIC_PODS[@]}"; do
    before+=("$(sha256sum -- "$MANIFESTS/$name.yaml" 2>/dev/null || true)")
    hashes+=("$(static_pod_hash "$name")")
  done
  change "$@"
  for number in "${!STATIC_PODS[@]}"; do
    name=${STATIC_PODS[number]}
    # What was no pod of this node's kubelet before, nobody starts anew now: the node's state, which comes last, tells why.
    [[ -n ${hashes[number]} ]] || continue
    [[ $(sha256sum -- "$MANIFESTS/$name.yaml" 2>/dev/null || true) != "${before[number]}" ]] || continue
    await "$name runs with its new manifest" static_pod_is_renewed "$name" "${hashes[number]}"
  done
}

make_manifests() {
  kubeadm init phase etcd local --config="$1"
  kubeadm init phase control-plane all --config="$1"
}

# static_pod_hash NAME: of the manifest that it runs with; nothing where nobody says so.
static_pod_hash() {
  admin_kube --namespace=kube-system get pod "$1-$(self name)" --ignore-not-found \
    --output=go-template='{{index .metadata.annotations "kubernetes.io/config.hash"}}' 2>/dev/null || true
}

# static_pod_is_renewed NAME FORMER HASH
static_pod_is_renewed() {
  local attempt hash
  for ((attempt = 1; attempt <= STATIC_POD_ATTEMPTS; attempt++)); do
    hash=$(static_pod_hash "$1")
    if [[ -n $hash && $hash != "$2" ]] &&
      admin_kube --namespace=kube-system wait --for=condition=Ready "pod/$1-$(self name)" --timeout=5s; then
      return 0
    fi
    sleep 5
  done
  return 1
}

# renew_kube_proxy CONFIG: it reads its configuration as it starts.
renew_kube_proxy() {
  change 'kubeadm init phase addon kube-proxy: its configuration' \
    owe_if_changed kube-proxy kube_proxy_config \
    kubeadm init phase addon kube-proxy --config="$1" --kubeconfig="$ADMIN_CONF"
  if is_owed kube-proxy; then
    change 'start kube-proxy anew, node by node' \
      admin_kube --namespace=kube-system rollout restart daemonset/kube-proxy
    settle kube-proxy
  fi
}

kube_proxy_config() {
  admin_kube --namespace=kube-system get configmap kube-proxy --ignore-not-found \
    --output=go-template='{{index .data "config.conf"}}' 2>/dev/null || true
}

# ---- kubectl
# Speaking to the cluster.

CLUSTER_KNOWN=''

readonly ADMIN_CONF=/etc/kubernetes/admin.conf
# An API server that starts takes a minute: this often it is asked, with a pause of 5 seconds.
readonly API_ATTEMPTS=24

kubeconfig() {
  local given
  given=$(option kubeconfig)
  if [[ -n $given ]]; then
    printf '%s' "$given"
  elif [[ -r $ADMIN_CONF ]]; then
    printf '%s' "$ADMIN_CONF"
  else
    printf '%s' "${KUBECONFIG:-$HOME/.kube/config}"
  fi
}

# KUBECONFIG may be a list of files, which kubectl reads as one; --kubeconfig may not.
kube() {
  local config
  config=$(kubeconfig)
  if [[ $config == "${KUBECONFIG-}" ]]; then
    kubectl "$@"
  else
    kubectl --kubeconfig="$config" "$@"
  fi
}

# On the control plane, whatever --kubeconfig says.
admin_kube() {
  kubectl --kubeconfig="$ADMIN_CONF" --request-timeout=10s "$@"
}

cluster_answers() {
  command -v kubectl >/dev/null &&
    kube --request-timeout=10s get --raw=/healthz >/dev/null 2>&1
}

# Is there a cluster to compare with? Only --dry-run goes on without one.
cluster_known() {
  [[ -n $CLUSTER_KNOWN ]]
}

api_server_answers() {
  local attempt
  for ((attempt = 1; attempt <= API_ATTEMPTS; attempt++)); do
    if admin_kube get --raw=/healthz >/dev/null 2>&1; then
      return 0
    elif dry_run; then
      return 1
    elif ((attempt == 1)); then
      printf '%s\n' 'bootstrap.sh: the API server does not answer yet: waiting for it, two minutes and more' >&2
    fi
    sleep 5
  done
  return 1
}

need_cluster() {
  local wrong
  if cluster_answers; then
    wrong=$(wrong_cluster)
    if [[ -z $wrong ]]; then
      CLUSTER_KNOWN=yes
    else
      refuse "$wrong: nothing was changed. Name this cluster's kubeconfig with --kubeconfig, or put the control plane right in the inventory"
    fi
  elif dry_run; then
    printf '%s\n' 'bootstrap.sh: no cluster answers here; what it has already is not known' >&2
  else
    fail "no cluster answers with the kubeconfig $(kubeconfig): run this step on the control-plane node, or name one with --kubeconfig"
  fi
}

# apply WHAT ARGUMENTS...: kubectl apply, where the server finds a difference.
apply() {
  local what=$1
  shift
  if cluster_known && kube diff "$@" >/dev/null 2>&1; then
    report skipped "$what: nothing has changed"
  else
    change "apply $what" kube apply "$@"
  fi
}

create_namespace() {
  if cluster_known && [[ -n $(kube get namespace "$1" --ignore-not-found --output=name) ]]; then
    report skipped "namespace $1 exists"
  else
    change "create namespace $1" kube create namespace "$1"
  fi
}

# ---- kubelet-config
# A kubelet has its configuration from the cluster, as kubeadm keeps it there for all of them. It takes that when its
# node joins, and later only when told to.

# What this node's kubelet has taken last, as the cluster had it.
readonly KUBELET_CONFIG_TAKEN=/etc/dojot/kubelet-config
readonly KUBELET_CONFIG_FILE=/var/lib/kubelet/config.yaml

# take_kubelet_config [joined]: `joined`: kubeadm has just given it this one.
take_kubelet_config() {
  local offered
  [[ -z ${OPTION[root]-} && -e $KUBELET_CONF ]] || return 0
  if ! offered=$(offered_kubelet_config) || [[ -z $offered ]]; then
    report skipped "the kubelet keeps its configuration: the cluster does not say now which one it has for it"
    return 0
  fi
  if [[ -z ${1-} ]] &&
    { is_owed kubelet-config || [[ $offered != "$(cat -- "$KUBELET_CONFIG_TAKEN" 2>/dev/null || true)" ]]; }; then
    change "take the kubelet's configuration from the cluster" renew_kubelet_config
  fi
  write_file "$KUBELET_CONFIG_TAKEN" 0644 "$offered"$'\n'
  settle kubelet-config
}

offered_kubelet_config() {
  kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s --namespace=kube-system \
    get configmap "$KUBELET_CONFIG_MAP" --output=go-template='{{.data.kubelet}}'
}

# kubeadm keeps what differs from node to node. A restart of the kubelet ends no container.
renew_kubelet_config() {
  owe_if_changed kubelet-config kubelet_config kubeadm upgrade node phase kubelet-config
  if is_owed kubelet-config && is_active kubelet; then
    systemctl restart kubelet
  fi
}

kubelet_config() {
  sha256sum -- "$KUBELET_CONFIG_FILE" 2>/dev/null || true
}

# ---- kubelet-version
# Kubernetes supports no kubelet that is newer than its API server: of a running cluster the
# control plane is upgraded first. A host that is to join yet is kubeadm's to judge.

readonly KUBELET_CONF=/etc/kubernetes/kubelet.conf

check_kubelet_version() {
  local installed config=$KUBELET_CONF server
  [[ -z ${OPTION[root]-} && -e $KUBELET_CONF ]] || return 0
  installed=$(kubelet --version 2>/dev/null || true)
  installed=${installed##* }
  [[ $installed != "$KUBERNETES_VERSION" ]] || return 0
  if [[ -e $ADMIN_CONF ]]; then
    config=$ADMIN_CONF
  fi
  server=$(server_version "$config")
  if [[ -z $server ]]; then
    refuse "the API server does not say its version (asked with $config, see above), and kubelet $KUBERNETES_VERSION, in place of ${installed:-none}, must not be newer: run this step again when it answers. If it cannot because the kubelet of this host is gone, install that by hand in the version that it had"
  elif is_newer "$KUBERNETES_VERSION" "$server"; then
    refuse "$(self name) belongs to a cluster whose API server is $server: kubelet $KUBERNETES_VERSION, in place of ${installed:-none}, would be newer, which Kubernetes does not support. First upgrade the control plane by hand: \"A newer Kubernetes\" in bootstrap/README.md"
  fi
}

# server_version KUBECONFIG: of the API server, such as v1.36.5; nothing where it does not say so.
server_version() {
  kubectl --kubeconfig="$1" --request-timeout=10s get --raw=/version |
    sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p' || true
}

# is_newer VERSION OTHER
is_newer() {
  [[ $1 != "$2" && $(printf '%s\n' "$1" "$2" | sort --version-sort | tail -n 1) == "$1" ]]
}

# ---- kubelet
# The kubelet's service, wherever its binary comes from.

enable_kubelet() {
  if [[ -z ${OPTION[root]-} ]] && systemctl is-enabled --quiet kubelet 2>/dev/null; then
    report skipped 'service kubelet is enabled'
  else
    live 'enable service kubelet' systemctl enable kubelet
  fi
}

# Where it is owed that. kubeadm starts it the first time, once it has a configuration.
restart_kubelet() {
  if is_owed kubelet && is_active kubelet; then
    live 'restart service kubelet' systemctl restart kubelet
  fi
  settle kubelet
}

# ---- kubernetes-binaries
# Kubernetes as binaries, for a release that no package repository has: each comes from
# the release archive and is checked against its SHA-256.

install_kubernetes_binaries() {
  local row name url sha256
  for row in "${BINARIES[@]}"; do
    columns "$row" name url sha256
    if [[ $name == kubelet ]]; then
      owing kubelet fetch "$url" "$sha256" "/usr/local/bin/$name" 0755
    else
      fetch "$url" "$sha256" "/usr/local/bin/$name" 0755
    fi
  done
  install_cni_plugins
  owing kubelet write_file /etc/systemd/system/kubelet.service 0644 "$(kubelet_unit)"$'\n'
  read_unit kubelet
  restart_kubelet
}

install_cni_plugins() {
  local archive=/var/cache/dojot/cni-plugins.tgz folder=${OPTION[root]-}/opt/cni/bin
  local marker=$folder/.dojot-sha256
  if [[ -f $marker && $(<"$marker") == "$CNI_PLUGINS_SHA256" ]]; then
    report skipped "$folder has the CNI plugins"
    return 0
  fi
  fetch "$CNI_PLUGINS_URL" "$CNI_PLUGINS_SHA256" "$archive" 0644
  change "unpack the CNI plugins into $folder" unpack_cni_plugins "${OPTION[root]-}$archive" "$folder" "$marker"
}

unpack_cni_plugins() {
  mkdir -p -- "$2"
  tar --extract --gzip --file="$1" --directory="$2" --no-same-owner --no-overwrite-dir
  printf '%s\n' "$CNI_PLUGINS_SHA256" >"$3"
}

# The names of the variable and of both files are kubeadm's.
kubelet_unit() {
  cat <<UNIT
[Unit]
Description=kubelet, the Kubernetes agent of this node
Documentation=https://kubernetes.io/docs/
After=network-online.target $RUNTIME_SERVICE.service
Wants=network-online.target
ConditionPathExists=/var/lib/kubelet/config.yaml
StartLimitIntervalSec=0

[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/local/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml \$KUBELET_KUBEADM_ARGS
CPUAccounting=true
MemoryAccounting=true
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
}

# ---- kubernetes-packages
# Kubernetes from its signed package repository: exact versions, held. The packages bring
# the kubelet's unit, kubeadm's settings for it and the CNI plugins.

install_kubernetes_packages() {
  add_repository kubernetes "$KUBERNETES_REPOSITORY"
  owe_if_changed kubelet kubelet_package install_pinned "${KUBERNETES_PACKAGES[@]}"
  restart_kubelet
}

kubelet_package() {
  installed_version kubelet
}

# ---- lock
# One run at a time on a host: two would break each other's files, packages and objects.

# The lock is the kernel's, on a folder that is always there and that everybody may open: it needs
# no right to write, covers every user, and ends with the last process that has it, however that ends.
readonly LOCK_FOLDER=/run/lock

# needs_lock STEP: does it change anything? What has no --dry-run never does.
needs_lock() {
  takes "$1" --dry-run && ! dry_run
}

lock() {
  local descriptor
  exec {descriptor}<"$LOCK_FOLDER"
  # Not closed before the end: apt or kubeadm that a killed run has left at work still has it.
  flock --nonblock "$descriptor" ||
    fail "another run of this script is at work on this host: $(other_runs). Run this step again when that has ended"
}

# other_runs: process and step of each, by its command line, which everybody may read.
other_runs() {
  local path pid words place found=''
  for path in /proc/[0-9]*/cmdline; do
    pid=${path//[!0-9]/}
    { mapfile -d '' -t words <"$path"; } 2>/dev/null || continue
    for place in "${!words[@]}"; do
      [[ ${words[0]##*/} == bash && ${words[place]##*/} == "${BASH_SOURCE[0]##*/}" ]] || continue
      if is_other_run "$pid" && may_have_lock "$pid"; then
        found+="${found:+, }process $pid (${words[*]:place+1})"
      fi
      break
    done
  done
  printf '%s' "${found:-what it has started has not ended yet (see ps)}"
}

# is_other_run PID: neither this run nor the subshell of another one.
is_other_run() {
  local parent
  [[ $1 != "$$" ]] || return 1
  parent=$(awk '$1 == "PPid:" { print $2 }' "/proc/$1/status" 2>/dev/null || true)
  [[ -n $parent ]] && ! cmp --silent -- "/proc/$1/cmdline" "/proc/$parent/cmdline" 2>/dev/null
}

# may_have_lock PID: the lock is one of its files. Of another user's process only root knows that.
may_have_lock() {
  local file
  [[ -r /proc/$1/fd ]] || return 0
  for file in "/proc/$1/fd"/*; do
    [[ ! $file -ef $LOCK_FOLDER ]] || return 0
  done
  return 1
}

# ---- needrestart
# needrestart restarts services whose libraries an update has replaced, unattended updates too.

# leave_running SERVICE...: it leaves these alone. NEEDRESTART_FOLDER is empty for a system without it.
leave_running() {
  local service text=$'# Written by bootstrap.sh: whoever restarts these services chooses the hour.\n'
  [[ -n $NEEDRESTART_FOLDER ]] || return 0
  for service in $(printf '%s\n' "$@" | sort --unique); do
    text+="\$nrconf{override_rc}{qr(^${service//./\\.}\\.service\$)} = 0;"$'\n'
  done
  write_file "$NEEDRESTART_FOLDER/dojot.conf" 0644 "$text"
}

# ---- node-ports
# Where the inventory leaves NodePorts to Kubernetes, its choice has to reach HAProxy on its own host, by a file.

# chosen_node_port NAMESPACE/SERVICE PORT: its number; nothing where there is none yet.
chosen_node_port() {
  local found
  found=$(kube --namespace="${1%%/*}" get service "${1#*/}" --ignore-not-found \
    --output=go-template="{{range .spec.ports}}{{if eq .name \"$2\"}}{{.nodePort}}{{end}}{{end}}")
  if [[ $found =~ ^[0-9]+$ ]]; then
    printf '%s' "$found"
  fi
}

# noted_node_port VARIABLE: its number in the file; nothing where it is not there.
noted_node_port() {
  local variable number
  [[ -r $(option node-ports) ]] || return 0
  while read -r variable number; do
    if [[ $variable == "$1" && $number =~ ^[0-9]+$ ]]; then
      printf '%s' "$number"
    fi
  done <"$(option node-ports)"
}

# ---- owed
# What a service is owed once its files have changed: a restart, or that it reads them again. A run may end in between
# (killed, no power), and the next one finds every file right. So the debt is noted before the change, and struck off
# when it is paid.

readonly OWED_FOLDER=/etc/dojot/owed

# Of this run; with --dry-run and --root there is no other.
declare -A OWED=()
# Whom the next changed file is for: see `owing`.
CREDITOR=''

is_owed() {
  [[ -n ${OWED[$1]-} ]] || { [[ -z ${OPTION[root]-} ]] && [[ -e $OWED_FOLDER/$1 ]]; }
}

owe() {
  OWED[$1]=yes
  ! dry_run && [[ -z ${OPTION[root]-} ]] || return 0
  mkdir -p -- "$OWED_FOLDER"
  : >"$OWED_FOLDER/$1"
}

settle() {
  OWED[$1]=''
  ! dry_run && [[ -z ${OPTION[root]-} ]] || return 0
  rm -f -- "$OWED_FOLDER/$1"
}

# owing NAME write_file|fetch ARGUMENTS...: if that changes the file, NAME is owed.
owing() {
  local CREDITOR=$1
  shift
  "$@"
}

# By what changes a file, before it does.
owe_creditor() {
  if [[ -n $CREDITOR ]]; then
    owe "$CREDITOR"
  fi
}

# owe_if_changed NAME LOOK COMMAND...: if what LOOK prints is another one after the command, NAME is owed.
owe_if_changed() {
  local name=$1 look=$2 before owed=''
  shift 2
  if is_owed "$name"; then
    owed=yes
  fi
  before=$("$look")
  owe "$name"
  "$@"
  if [[ -z $owed && $("$look") == "$before" ]]; then
    settle "$name"
  fi
}

# ---- packages
# Packages of this host, and the signed repositories that they come from.

APT_UPDATED=''

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes -o Dpkg::Options::=--force-confold "$@"
}

apt_install() {
  if [[ -z $APT_UPDATED ]]; then
    apt_get update
    finish_installation
    APT_UPDATED=yes
  fi
  apt_get install --no-install-recommends "$@"
}

# An installation that was cut off (the power failed) is finished first: until then apt
# refuses any other. What dpkg cannot configure yet lacks a package, which apt brings.
finish_installation() {
  [[ -n $(dpkg --audit) || -n $(ls /var/lib/dpkg/updates) ]] || return 0
  DEBIAN_FRONTEND=noninteractive dpkg --force-confold --configure --pending || true
  apt_get install --no-remove --fix-broken
}

# The installed version of a package; nothing when it is not installed.
installed_version() {
  local found
  found=$(dpkg-query --show --showformat="\${db:Status-Abbrev}|\${Version}" "$1" 2>/dev/null || true)
  [[ ${found:1:1} != i ]] || printf '%s' "${found#*|}"
}

install_packages() {
  local name missing=()
  for name in "$@"; do
    [[ -n $(installed_version "$name") ]] || missing+=("$name")
  done
  if ((${#missing[@]} == 0)); then
    report skipped "packages are installed: $*"
    return 0
  fi
  live "install packages: ${missing[*]}" apt_install "${missing[@]}"
}

# is_version INSTALLED WANTED: WANTED may end in * (any build of a version).
is_version() {
  if [[ $2 == *'*' ]]; then
    [[ -n $1 && $1 == "${2%\*}"* ]]
  else
    [[ $1 == "$2" ]]
  fi
}

# install_pinned 'NAME|VERSION'...: exactly these versions, and no upgrade behind our back.
install_pinned() {
  local row name version held names=() wrong=()
  held=$(apt-mark showhold 2>/dev/null || true)
  local unheld=()
  for row in "$@"; do
    columns "$row" name version
    names+=("$name")
    is_version "$(installed_version "$name")" "$version" || wrong+=("$name=$version")
    grep -qxF -- "$name" <<<"$held" || unheld+=("$name")
  done
  if ((${#wrong[@]})); then
    live "install packages: ${wrong[*]}" \
      apt_install --allow-downgrades --allow-change-held-packages "${wrong[@]}"
  else
    report skipped "packages have the inventory's versions: ${names[*]}"
  fi
  if ((${#unheld[@]})); then
    live "hold packages: ${unheld[*]}" apt-mark hold "${unheld[@]}"
  else
    report skipped "packages are held: ${names[*]}"
  fi
}

# add_repository NAME 'URL|SUITE|COMPONENT|KEY URL|FINGERPRINT': its key signs for it alone.
# A flat repository has the suite `/` and no component.
add_repository() {
  local name=$1 url suite component key_url fingerprint
  columns "$2" url suite component key_url fingerprint
  # The name says which key was checked before it got there.
  local key=/etc/apt/keyrings/$name-$fingerprint.asc
  install_packages ca-certificates curl gnupg
  if [[ -s ${OPTION[root]-}$key ]] && ! key_has_expired "${OPTION[root]-}$key"; then
    report skipped "${OPTION[root]-}$key is in place"
  else
    change "install the signing key $fingerprint" fetch_key "$key_url" "$fingerprint" "${OPTION[root]-}$key"
  fi
  write_file "/etc/apt/sources.list.d/$name.list" 0644 \
    "deb [arch=amd64 signed-by=$key] $url $suite${component:+ $component}"$'\n'
  if file_changed; then
    APT_UPDATED=''
  fi
}

# Owners prolong a key under its old fingerprint: then a new copy is needed.
key_has_expired() {
  local home='' found
  scratch_folder home
  found=$(gpg --import-options show-only --homedir "$home" --batch --quiet --with-colons --import "$1" 2>/dev/null || true)
  grep -q '^pub:e:' <<<"$found"
}

# fetch_key URL FINGERPRINT PATH: whatever comes from URL, only this key reaches PATH.
fetch_key() {
  local url=$1 fingerprint=$2 path=$3 home='' temporary=''
  mkdir -p -- "${path%/*}"
  scratch_folder home
  scratch temporary "${path%/*}/.key.XXXXXX"
  download "$url" "$home/download"
  gpg --homedir "$home" --batch --quiet --import "$home/download"
  gpg --homedir "$home" --batch --armor --export "$fingerprint" >"$temporary"
  [[ -s $temporary ]] || fail "$url does not hold the key $fingerprint; nothing was installed"
  chmod 0644 "$temporary"
  mv --force -- "$temporary" "$path"
}

# ---- random-text
# Passwords of this script's making.

readonly RANDOM_LENGTH=32

# random_text [LENGTH]: letters and digits. dojot's auth takes no password with three characters
# in a row that are equal, rising or falling, and one text in 45 has such a run by chance.
random_text() {
  local - length=${1:-$RANDOM_LENGTH} text attempt
  set +x
  for ((attempt = 0; attempt < 100; attempt++)); do
    text=$(head --bytes=2048 /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9')
    text=${text:0:length}
    if ((${#text} == length)) && ! has_run "$text"; then
      printf '%s' "$text"
      return 0
    fi
  done
  return 1
}

# has_run TEXT: does it hold something like aaa, abc or 321?
has_run() {
  local - text=$1 place code before=-9 step last=9
  set +x
  for ((place = 0; place < ${#text}; place++)); do
    printf -v code '%d' "'${text:place:1}"
    step=$((code - before))
    if ((step == last && step >= -1 && step <= 1)); then
      return 0
    fi
    before=$code last=$step
  done
  return 1
}

# ---- report
# How every step speaks: one line each on standard output,
#   done | skipped | would | ok | failed: what
# The chatter of the commands themselves goes to standard error.

shopt -s inherit_errexit
umask 022

# The options as they were given, or their defaults.
declare -A OPTION=()
declare -a SCRATCH=()
CURRENT='start'
REPORTED=''

set_option() {
  OPTION[$1]=$2
}

option() {
  printf '%s' "${OPTION[$1]-}"
}

dry_run() {
  [[ -n ${OPTION[dry-run]-} ]]
}

report() {
  printf '%s: %s\n' "$1" "$2"
}

# What a failure from here on is called.
working_on() {
  CURRENT=$1
}

fail() {
  REPORTED=yes
  report failed "$1" >&2
  exit 1
}

# refuse WHY: fail; with --dry-run only say so, and whoever called decides how to go on.
refuse() {
  dry_run || fail "$1"
  report would "refuse: $1"
}

usage_error() {
  REPORTED=usage
  printf '%s\n' "bootstrap.sh: $1" >&2
  exit 2
}

# change WHAT COMMAND...: run the command and report WHAT, or only say so.
change() {
  local what=$1
  shift
  if dry_run; then
    report would "$what"
    return 0
  fi
  working_on "$what"
  "$@" >&2
  report 'done' "$what"
}

# await WHAT COMMAND...: a command that changes nothing and ends when WHAT is true.
await() {
  local what=$1
  shift
  if dry_run; then
    report would "wait until $what"
    return 0
  fi
  working_on "wait until $what"
  "$@" >&2
  report ok "$what"
}

# live WHAT COMMAND...: a change of the running system, which --root does not have.
live() {
  if [[ -n ${OPTION[root]-} ]]; then
    report skipped "$1 (--root: no running system)"
    return 0
  fi
  change "$@"
}

# scratch VARIABLE TEMPLATE: a temporary file (0600) that does not outlive the script.
# TEMPLATE ends in .XXXXXX. What a run that was killed has left there goes first.
scratch() {
  local made
  rm -f -- "${2%XXXXXX}"??????
  made=$(mktemp "$2")
  SCRATCH+=("$made")
  printf -v "$1" '%s' "$made"
}

scratch_folder() {
  local made
  made=$(mktemp --directory)
  SCRATCH+=("$made")
  printf -v "$1" '%s' "$made"
}

on_exit() {
  local status=$?
  trap - EXIT
  if ((${#SCRATCH[@]})); then
    rm -rf -- "${SCRATCH[@]}"
  fi
  if ((status != 0)); then
    [[ -n $REPORTED ]] || report failed "$CURRENT" >&2
    [[ $REPORTED == usage ]] || status=1
  fi
  exit "$status"
}

trap on_exit EXIT
trap 'exit 1' INT TERM HUP

# ---- runtime-containerd
# Container runtime `containerd`. The package's own configuration switches off what the
# kubelet talks to; apt keeps the file that is there before it.

runtime_containerd() {
  install_runtime /etc/containerd/config.toml
}

# run_image_containerd FOLDER IMAGE COMMAND...
run_image_containerd() {
  ctr --namespace=k8s.io run --rm --mount="type=bind,src=$1,dst=$1,options=rbind:rw" -- "$2" "dojot-$$" "${@:3}"
}

# ---- runtime-docker
# Container runtime `docker`. One part a runtime: platform.runtime.name chooses it.

runtime_docker() {
  install_runtime /etc/docker/daemon.json
}

# run_image_docker FOLDER IMAGE COMMAND...
run_image_docker() {
  docker run --rm --network=none --volume="$1:$1" --entrypoint='' "$2" "${@:3}"
}

# ---- runtime
# What container runtimes that come as a pinned package have in common.

# install_runtime FILE: the runtime's limits, its configuration, its packages, its service.
install_runtime() {
  local was_active='' limited=''
  if is_active "$RUNTIME_SERVICE"; then
    was_active=yes
  fi
  # Both files come first: the package starts the service as it installs.
  if [[ -n $RUNTIME_OPEN_FILES ]]; then
    write_runtime_limits
    if file_changed; then
      limited=yes
    fi
  fi
  owing "$RUNTIME_SERVICE" write_file "$1" 0644 "$RUNTIME_CONFIG" keep
  add_repository "$RUNTIME_NAME" "$RUNTIME_REPOSITORY"
  install_pinned "${RUNTIME_PACKAGES[@]}"
  if [[ -z $was_active ]]; then
    settle "$RUNTIME_SERVICE"
  fi
  if [[ -n $was_active && -n $limited ]] || runtime_has_old_limits; then
    live "restart service $RUNTIME_SERVICE: containers may open $RUNTIME_OPEN_FILES files; $(what_keeps_old_limits)" \
      systemctl restart "$RUNTIME_SERVICE"
    settle "$RUNTIME_SERVICE"
  fi
  run_service "$RUNTIME_SERVICE"
}

# Containers inherit the limit of open files of the runtime's unit. Where its package leaves that to
# systemd, they would have 1,024.
write_runtime_limits() {
  write_file "/etc/systemd/system/$RUNTIME_SERVICE.service.d/90-dojot.conf" 0644 \
    $'[Service]\n'"LimitNOFILE=$RUNTIME_OPEN_FILES"$'\n'
  read_unit "$RUNTIME_SERVICE"
}

# Does the runtime run since before its limit was there? The file alone does not tell: whoever
# wrote it may have been stopped before the restart. A program in Go raises its own soft limit to one
# below the hard one, unless both are alike as here, and hands on what it was started with.
runtime_has_old_limits() {
  local limit most
  [[ -n $RUNTIME_OPEN_FILES ]] && is_active "$RUNTIME_SERVICE" || return 1
  limit=$(open_files "$(systemctl show --property=MainPID --value "$RUNTIME_SERVICE")" soft)
  # systemd gives no more than it may open itself.
  most=$(open_files 1 hard)
  [[ $limit =~ ^[0-9]+$ && $most =~ ^[0-9]+$ ]] || return 1
  ((limit < (RUNTIME_OPEN_FILES < most ? RUNTIME_OPEN_FILES : most)))
}

# open_files PID soft|hard: the limit of a running process.
open_files() {
  awk -v column="$2" '/^Max open files/ { print column == "soft" ? $4 : $5 }' "/proc/$1/limits" 2>/dev/null || true
}

# Restarting the runtime ends no container, and what starts them keeps the limit that it was started with.
what_keeps_old_limits() {
  local row label
  printf 'pods that run here keep their old limit until they are made again'
  for row in "${BROKERS[@]}"; do
    columns "$row" _ _ _ label _
    if [[ $label == "$(self label)" ]]; then
      printf ', the brokers one by one with: %s' "$(how_to_renew "$row")"
    fi
  done
}

# how_to_renew ROW of BROKERS: a command that makes each broker's pod again, once the one before it is ready.
how_to_renew() {
  local namespace set count number pods=''
  columns "$1" namespace set count _
  for ((number = 0; number < count; number++)); do
    pods+=" $set-$number"
  done
  printf '%s' "for pod in$pods; do kubectl --namespace=$namespace delete pod \$pod && kubectl --namespace=$namespace rollout status statefulset/$set || break; done"
}

# ---- secrets
# The Secrets of the inventory. Each is named NAMESPACE/SECRET, as in the first column of SECRETS.

# secret_names provided|made: those that people bring, or those that this script makes, a line each.
secret_names() {
  local row secret kind previous=''
  for row in "${SECRETS[@]}"; do
    columns "$row" secret _ kind _
    [[ $secret != "$previous" ]] || continue
    previous=$secret
    [[ $kind == provided ]] || kind=made
    [[ $kind != "$1" ]] || printf '%s\n' "$secret"
  done
}

# wanted_keys SECRET: a line each.
wanted_keys() {
  rows "$1" "${SECRETS[@]}" | cut --delimiter='|' --fields=2
}

# missing_keys SECRET PRESENT: the wanted ones that are not in what secret_keys has said, a line each.
missing_keys() {
  local key
  for key in $(wanted_keys "$1"); do
    grep -qxF -- "key $key" <<<"$2" || printf '%s\n' "$key"
  done
}

# secret_keys SECRET: `secret`, then `key NAME` for each; nothing when it does not exist.
secret_keys() {
  kube --namespace="${1%%/*}" get secret "${1#*/}" --ignore-not-found \
    --output=go-template="{{println \"secret\"}}{{range \$key, \$value := .data}}{{println \"key\" \$key}}{{end}}"
}

# how_to_provide SECRET: the command that creates it, with each key from a file.
how_to_provide() {
  local key keys=''
  for key in $(wanted_keys "$1"); do
    keys+=" --from-file=$key=FILE"
  done
  printf 'kubectl --namespace=%s create secret generic %s%s' "${1%%/*}" "${1#*/}" "$keys"
}

# ---- services
# Services of this host, and the unit files behind them.

is_active() {
  [[ -z ${OPTION[root]-} ]] && systemctl is-active --quiet "$1" 2>/dev/null
}

# unit_is_stale NAME: has a file of it changed since systemd read it?
unit_is_stale() {
  [[ -z ${OPTION[root]-} && $(systemctl show --property=NeedDaemonReload --value "$1" 2>/dev/null || true) == yes ]]
}

# read_unit NAME: where the last write_file, or a run that has ended since then, has changed a file of it.
read_unit() {
  if file_changed || unit_is_stale "$1"; then
    live 'read the unit files again' systemctl daemon-reload
  fi
}

# run_service NAME: enabled and running, with its files as they are now.
run_service() {
  local name=$1
  if [[ -z ${OPTION[root]-} ]] && systemctl is-enabled --quiet "$name" 2>/dev/null; then
    report skipped "service $name is enabled"
  else
    live "enable service $name" systemctl enable "$name"
  fi
  if ! is_active "$name"; then
    live "start service $name" systemctl start "$name"
  elif is_owed "$name"; then
    live "restart service $name" systemctl restart "$name"
  else
    report skipped "service $name is running"
  fi
  settle "$name"
}

# ---- tables
# The inventory's tables: an array each, a row one word of columns parted by `|`. The last column takes the rest.

# columns ROW NAME...: the columns of a row into these variables.
columns() {
  IFS='|' read -r "${@:2}" <<<"$1"
}

# rows FIRST ROW...: those whose first column is FIRST, a line each.
rows() {
  local row
  for row in "${@:2}"; do
    [[ $row != "$1|"* ]] || printf '%s\n' "$row"
  done
}

# ---- templates
# Templates of what kubectl prints, or takes, are written one clause a line.

# template TEXT [WORD VALUE]...: the text as kubectl reads it, without line breaks and indentation; @WORD@ is VALUE.
template() {
  local line text=''
  while IFS= read -r line; do
    text+=${line#"${line%%[! ]*}"}
  done <<<"$1"
  shift
  while (($#)); do
    text=${text//@$1@/"$2"}
    shift 2
  done
  printf '%s' "$text"
}

# ---- which-cluster
# Is the cluster that answers the inventory's? Its nodes say so. The server's address does not:
# a tunnel, a load balancer or kind give it another one.

# wrong_cluster: what is wrong; nothing where the control plane has the inventory's name and address.
wrong_cluster() {
  local server found row name address role
  server=$(kube config view --minify --output='jsonpath={.clusters[0].cluster.server}' 2>/dev/null || true)
  server="the cluster at ${server:-an address that the kubeconfig does not say}"
  found=$(cluster_nodes) || {
    printf '%s does not say which nodes it has (see above)' "$server"
    return 0
  }
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role == control-plane ]] || continue
    ! grep -qxF -- "$name $address" <<<"$found" || continue
    found=$(head -n 10 <<<"$found" | paste -sd ',')
    printf '%s is not %s: its nodes are %s; the inventory has the control plane %s %s' \
      "$server" "$CLUSTER_NAME" "${found:-none}" "$name" "$address"
  done
}

IFS= read -r -d '' NODE_ADDRESSES <<'END' || true
{{range .items}}
  {{$name := .metadata.name}}
  {{range .status.addresses}}
    {{if eq .type "InternalIP"}}{{println $name .address}}{{end}}
  {{end}}
{{end}}
END
readonly NODE_ADDRESSES

# cluster_nodes: a line `NAME ADDRESS` for each.
cluster_nodes() {
  kube get nodes --output=go-template="$(template "$NODE_ADDRESSES")"
}

# ---- argocd
step_argocd() {
  need_root
  need_cluster
  local manifest=/var/cache/dojot/argocd-$ARGOCD_VERSION.yml how=()
  if [[ $ARGOCD_SERVER_SIDE == true ]]; then
    # Fields that another release set client-side are taken over, not fought about.
    how=(--server-side --force-conflicts)
  fi
  need_compiled argocd argocd-cm.yml project.yml application.yml
  own_argocd
  argocd_is_ours || return 0
  fetch "$ARGOCD_MANIFEST_URL" "$ARGOCD_MANIFEST_SHA256" "$manifest" 0644
  apply "Argo CD $ARGOCD_VERSION" --namespace="$ARGOCD_NAMESPACE" \
    "${how[@]}" --filename="${OPTION[root]-}$manifest"
  place_argocd
  configure_argocd
  wait_for_argocd
  apply 'the Argo CD project' --filename="$(compiled)/argocd/project.yml"
  apply 'the Argo CD application' --filename="$(compiled)/argocd/application.yml"
}

readonly PLACED='
{"spec": {"template": {"spec": {"affinity": {"nodeAffinity": {
  "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
    {"matchExpressions": [{"key": "@KEY@", "operator": "In", "values": ["@VALUE@"]}]}
  ]}
}}}}}}'

# By affinity, which the release's own manifest leaves free. The nodeSelector is its own: applying
# the manifest again would take our key out of it, and every pod would move twice.
place_argocd() {
  local workload found
  if ! cluster_known; then
    report would "place Argo CD on $GROUP_LABEL=$ARGOCD_LABEL"
    return 0
  fi
  for workload in $(argocd_workloads); do
    found=$(argocd_place "$workload")
    if [[ $found == "$GROUP_LABEL In [$ARGOCD_LABEL]" ]]; then
      report skipped "$workload is placed on $GROUP_LABEL=$ARGOCD_LABEL"
    else
      change "place $workload on $GROUP_LABEL=$ARGOCD_LABEL" argocd_kube patch "$workload" --type=merge \
        --patch="$(template "$PLACED" KEY "$GROUP_LABEL" VALUE "$ARGOCD_LABEL")"
    fi
  done
}

# Only the keys of this file: what else is in argocd-cm stays.
configure_argocd() {
  local output
  if dry_run; then
    report would 'set the keys of argocd-cm'
    return 0
  fi
  working_on 'set the keys of argocd-cm'
  # The last line break of a file can be part of its last value.
  output=$(argocd_kube patch configmap argocd-cm --type=merge --patch="$(<"$(compiled)/argocd/argocd-cm.yml")"$'\n')
  if [[ $output == *'(no change)'* ]]; then
    report skipped 'argocd-cm has its keys'
  else
    report 'done' 'set the keys of argocd-cm'
  fi
}

wait_for_argocd() {
  local workload
  await 'the kinds of Argo CD are known' kube wait --for=condition=Established --timeout=60s \
    crd/applications.argoproj.io crd/appprojects.argoproj.io
  if cluster_known; then
    for workload in $(argocd_workloads); do
      await "$workload runs" argocd_kube rollout status "$workload" --timeout=600s
    done
  fi
}

# ---- backup-timer
# systemd's own protection bounds the service to what a backup needs: it reads all of the host, and writes to three
# folders. Passwords and keys are in none of its files.

readonly BACKUP_SCRIPT=/usr/local/lib/dojot/bootstrap.sh
readonly BACKUP_UNIT=/etc/systemd/system/dojot-backup

step_backup_timer() {
  need_root
  need_running_system
  identify
  need_role control-plane
  local at folder
  if ((${#BACKUPS[@]} == 0)); then
    remove_backup_timer
    return 0
  fi
  columns "${BACKUPS[0]}" at _ folder
  need_other_disk "$folder"
  write_file "$BACKUP_SCRIPT" 0755 "$(<"${BASH_SOURCE[0]}")"$'\n'
  if [[ ! -d ${BACKUP_METRICS%/*} ]]; then
    change "make ${BACKUP_METRICS%/*}" install --directory --mode=0755 -- "${BACKUP_METRICS%/*}"
  fi
  write_file "$BACKUP_UNIT.service" 0644 "$(backup_service "$folder")"$'\n'
  read_unit dojot-backup.service
  owing dojot-backup.timer write_file "$BACKUP_UNIT.timer" 0644 "$(backup_timer "$at")"$'\n'
  read_unit dojot-backup.timer
  run_service dojot-backup.timer
}

remove_backup_timer() {
  if [[ ! -e $BACKUP_UNIT.timer ]]; then
    report skipped 'the inventory makes no backups, and there is no timer'
    return 0
  fi
  live 'stop the timer of backups: the inventory makes none' systemctl disable --now dojot-backup.timer
  change 'remove it' rm -f -- "$BACKUP_UNIT.timer" "$BACKUP_UNIT.service" "$BACKUP_SCRIPT"
  live 'read the unit files again' systemctl daemon-reload
}

# backup_service FOLDER
backup_service() {
  cat <<UNIT
[Unit]
Description=Backup of dojot: etcd, certificates and keys, databases
After=network-online.target kubelet.service
Wants=network-online.target
RequiresMountsFor=$1

[Service]
Type=oneshot
ExecStart=/bin/bash $BACKUP_SCRIPT backup
TimeoutStartSec=6h
Nice=19
IOSchedulingClass=idle
# kubectl keeps a cache there.
Environment=HOME=/tmp
UMask=0077
PrivateTmp=true
ProtectSystem=strict
ReadWritePaths=$1 $ETCD_FOLDER ${BACKUP_METRICS%/*}
ProtectHome=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectControlGroups=true
NoNewPrivileges=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=true
RestrictRealtime=true
LockPersonality=true
SystemCallArchitectures=native
# What root needs of its own files.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
UNIT
}

# Persistent: a host that was off at that time makes it when it is back.
backup_timer() {
  cat <<UNIT
[Unit]
Description=Backup of dojot each day at $1 UTC

[Timer]
OnCalendar=*-*-* $1:00 UTC
RandomizedDelaySec=5min
Persistent=true

[Install]
WantedBy=timers.target
UNIT
}

# ---- backup
step_backup() {
  need_root
  need_running_system
  identify
  need_role control-plane
  local to keep='' time name partial database
  to=$(option to)
  if [[ -z $to ]]; then
    if ((${#BACKUPS[@]} == 0)); then
      refuse 'the inventory makes no backups (backup.enabled: false): let it do so, or name a folder with --to'
      return 0
    fi
    columns "${BACKUPS[0]}" _ keep to
    need_other_disk "$to"
  fi
  [[ -d $to ]] || dry_run || fail "there is no directory $to: mount it, or make it"
  need_cluster
  time=$(date --utc +%Y%m%dT%H%M%SZ)
  name=$CLUSTER_NAME-$time
  partial=$to/.$name.partial
  # Whoever may look into the folder: these are all keys of the cluster.
  umask 077
  if ! dry_run; then
    # What a run that was killed has left.
    rm -rf -- "$to/.$CLUSTER_NAME-"*.partial
    mkdir -- "$partial"
    SCRATCH+=("$partial")
  fi
  change 'save etcd' save_etcd "$partial/etcd.db"
  change "save certificates and keys of $KUBERNETES_FOLDER" save_kubernetes "$partial/kubernetes.tar"
  for database in $(database_names); do
    change "save the database $database" save_database "$database" "$partial"
  done
  change "put it into $to/$name" finish_backup "$partial" "$to/$name" "$time"
  umask 022
  if [[ -n $keep ]]; then
    tell_backup "$to/$name"
    remove_old_backups "$to" "$keep"
  fi
}

save_kubernetes() {
  local files
  mapfile -t files < <(saved_files)
  tar --create --file="$1" --directory="$KUBERNETES_FOLDER" -- "${files[@]}"
}

# finish_backup PARTIAL FOLDER TIME: there is either no such folder, or a whole one.
finish_backup() {
  write_manifest "$1" "$3"
  # On its disk, before it has its name.
  sync
  mv --no-target-directory -- "$1" "$2"
}

# remove_old_backups FOLDER KEEP: of this cluster, all but the newest.
remove_old_backups() {
  local path found=()
  for path in "$1/$CLUSTER_NAME-"[0-9]*Z; do
    [[ ! -d $path ]] || found+=("$path")
  done
  for path in "${found[@]:0:$((${#found[@]} > $2 ? ${#found[@]} - $2 : 0))}"; do
    change "remove $path: $2 are kept" rm -rf -- "$path"
  done
}

# ---- control-plane
step_control_plane() {
  need_root
  need_running_system
  identify
  need_role control-plane
  init_control_plane
  write_kubeconfig
  need_cluster
  renew_control_plane
  take_kubelet_config
  apply_pod_network
  wait_for_control_plane
}

init_control_plane() {
  # First: without them no API server starts, so that one which does not answer may be waiting for just these.
  keep_api_server_files
  if [[ -e $ADMIN_CONF ]]; then
    need_finished_init
    return 0
  elif [[ -e $ETCD_DATA ]]; then
    refuse "this host holds the data of a cluster ($ETCD_DATA) but no $ADMIN_CONF. Where the cluster is to live, \"kubeadm init phase kubeconfig admin --config=kubeadm-init.yml\" (the file beside this script) makes that file again from /etc/kubernetes/pki; before anything else, save /var/lib/etcd"
    return 0
  fi
  write_api_server_files
  make_control_plane
}

# A control plane that is away for a moment is not an init that broke off: where etcd has data,
# a reset would destroy the cluster.
need_finished_init() {
  local proxy unfinished='an earlier kubeadm init did not finish'
  if ! api_server_answers; then
    if [[ -e $ETCD_DATA ]]; then
      refuse "the API server does not answer, and this host holds the data of a cluster ($ETCD_DATA), so do not reset it. Look at $(list_containers) and at journalctl -u kubelet; run this step again when the API server answers"
    else
      refuse "$unfinished: the API server does not answer, and etcd has no data ($ETCD_DATA). See journalctl -u kubelet; if this host holds nothing you need, run \"kubeadm reset\" yourself and then this step again"
    fi
    return 0
  fi
  # The kube-proxy addon is what kubeadm init does last.
  if ! proxy=$(admin_kube --namespace=kube-system get daemonset kube-proxy --ignore-not-found --output=name); then
    refuse "the API server answers, but not what it is asked with $ADMIN_CONF (see above), so nobody knows whether kubeadm init has finished: put that right, then run this step again"
  elif [[ -n $proxy ]]; then
    report skipped 'the control plane exists'
  elif [[ -e $ETCD_DATA ]]; then
    refuse "$unfinished: the API server answers, but kube-proxy, which comes last, is not there (see journalctl -u kubelet). This host holds etcd's data ($ETCD_DATA): save them first (etcdctl snapshot save). If nothing of the cluster is needed, then run \"kubeadm reset\" yourself and this step again"
  else
    refuse "$unfinished: kube-proxy, which comes last, is not there (see journalctl -u kubelet). If this host holds nothing you need, run \"kubeadm reset\" yourself and then this step again"
  fi
}

# The command that lists this host's containers, those of the control plane too.
list_containers() {
  if [[ $RUNTIME_NAME == docker ]]; then
    printf 'docker ps --all'
  else
    printf 'crictl ps --all'
  fi
}

# For the person who runs this (with sudo: that person, not root), readable by nobody else.
write_kubeconfig() {
  local user=${SUDO_USER:-root} home path
  home=$(getent passwd "$user" | cut -d: -f6)
  path=$home/.kube/config
  if [[ -e $path ]]; then
    if cmp --silent -- "$path" "$ADMIN_CONF"; then
      report skipped "$path is the administrator's kubeconfig"
    else
      report skipped "$path is another kubeconfig, which stays; use --kubeconfig=$ADMIN_CONF"
    fi
    return 0
  fi
  change "write $path (0600, $user)" copy_kubeconfig "$user" "$path"
}

copy_kubeconfig() {
  install --directory --mode=0700 --owner="$1" --group="$(id -gn "$1")" "${2%/*}"
  install --mode=0600 --owner="$1" --group="$(id -gn "$1")" "$ADMIN_CONF" "$2"
}

apply_pod_network() {
  local file=''
  scratch file "${TMPDIR:-/tmp}/dojot-network.XXXXXX"
  printf '%s' "$POD_NETWORK" >"$file"
  apply 'the pod network' --filename="$file"
}

wait_for_control_plane() {
  local name
  name=$(self name)
  await "node $name is Ready" kube wait --for=condition=Ready "node/$name" --timeout=300s
}

# ---- drain
# A broker ends each session after scale.session_lifetime, and the device comes back to another one.

# Seconds: how often to look, how often to tell, and how much later than a lifetime the last session may end.
readonly SESSIONS_LOOK=5 SESSIONS_TELL=60 SESSIONS_GRACE=60

step_drain() {
  local server
  check_server_option
  need_root
  need_running_system
  need_load_balancer
  need_haproxy
  need_server
  server=$(option server)
  need_others "$server"
  weigh "$server" 0
  if [[ -n $(option wait) ]]; then
    await "$server has no session left" wait_for_sessions "$server"
  elif haproxy_known; then
    report ok "$server has $(sessions_of "$server") sessions left, and each ends within $SESSION_LIFETIME s; --wait waits for them"
  fi
  dry_run || report ok "$(next_after_drain "$server")"
}

# need_others SERVER: brokers are sized for one that is missing, and a listener without servers refuses everybody.
need_others() {
  local own row listener server state up out='' alone=''
  for own in $(of_server "$1"); do
    columns "$own" listener _ state _
    [[ $state != drained ]] || continue
    up=''
    for row in $(printf '%s\n' "${SERVERS[@]}" | grep -- "^$listener|"); do
      columns "$row" _ server state _
      [[ $server != "$1" ]] || continue
      if [[ $state == up ]]; then
        up=yes
      else
        out+="${out:+, }$server ($state in $listener)"
      fi
    done
    [[ -n $up ]] || alone+="${alone:+, }$listener"
  done
  if [[ -n $alone ]]; then
    need_force "no other server of $alone takes new sessions: clients would be refused"
  elif [[ -n $out ]]; then
    need_force "$out is out already, and the others have room for the devices of one server that is missing: some would be refused"
  fi
}

# wait_for_sessions SERVER: a line a minute.
wait_for_sessions() {
  local left began=$SECONDS told=$SECONDS
  while left=$(sessions_of "$1") && ((left)); do
    ((SECONDS - began <= SESSION_LIFETIME + SESSIONS_GRACE)) ||
      fail "$1 still has $left sessions after $((SECONDS - began)) s, longer than scale.session_lifetime ($SESSION_LIFETIME s): look at its broker. It stays drained; what is left ends with the broker"
    if ((SECONDS - told >= SESSIONS_TELL)); then
      told=$SECONDS
      printf '%s\n' "$1 has $left sessions left after $((SECONDS - began)) s"
    fi
    sleep "$SESSIONS_LOOK"
  done
}

next_after_drain() {
  printf '%s' "$1 stays drained, through reloads and restarts of HAProxy too. When it has no session left, on the control plane: kubectl drain $1 --ignore-daemonsets --delete-emptydir-data. When its broker is back: bootstrap.sh undrain --server $1"
}

# ---- join-done
step_join_done() {
  need_root
  need_cluster
  local tokens='' name
  if cluster_known; then
    tokens=$(join_tokens)
  fi
  for name in $tokens; do
    change "delete the join token ${name#bootstrap-token-}" \
      kube --namespace=kube-system delete secret "$name"
  done
  [[ -n $tokens ]] || report skipped 'no join token is left'
  remove_join_file
}

# ---- join-token
step_join_token() {
  need_root
  need_running_system
  identify
  need_role control-plane
  need_cluster
  change "write $(option join-file) (0600): a join token that lives $JOIN_TOKEN_TTL" write_join_file
}

write_join_file() {
  local - token hash path temporary=''
  set +x
  path=$(option join-file)
  hash=$(ca_hash /etc/kubernetes/pki/ca.crt)
  token=$(create_join_token)
  scratch temporary "$path.XXXXXX"
  printf 'token %s\nca-hash %s\n' "$token" "$hash" >"$temporary"
  mv --force -- "$temporary" "$path"
}

# ca_hash CERTIFICATE: sha256:... of its public key, as kubeadm pins it.
ca_hash() {
  local digest
  digest=$(openssl x509 -pubkey -noout -in "$1" |
    openssl pkey -pubin -outform der | openssl dgst -sha256 -hex)
  printf 'sha256:%s' "${digest##* }"
}

# ---- labels
step_labels() {
  need_cluster
  local row name role label found
  for row in "${NODES[@]}"; do
    columns "$row" name _ role label
    [[ $role == worker ]] || continue
    found=''
    if cluster_known; then
      found=$(node_label "$name")
      [[ -n $found ]] || fail "node $name has not joined the cluster: run the step worker on it"
    fi
    if [[ $found == "=$label" ]]; then
      report skipped "node $name has label $GROUP_LABEL=$label"
    else
      change "label node $name with $GROUP_LABEL=$label" \
        kube label node "$name" "$GROUP_LABEL=$label" --overwrite
    fi
  done
}

# node_label NAME: `=VALUE` (`=` without a label), nothing when there is no such node.
node_label() {
  kube get node "$1" --ignore-not-found \
    --output=go-template="={{with .metadata.labels}}{{with index . \"$GROUP_LABEL\"}}{{.}}{{end}}{{end}}"
}

# ---- load-balancer
# Sessions of devices outlive a reload and none outlives a restart: this never restarts a HAProxy that carries sessions.
# Servers that are drained stay so.

step_load_balancer() {
  need_root
  need_system
  need_load_balancer
  need_compiled haproxy haproxy.cfg 99-dojot-haproxy.conf haproxy.service.d-limits.conf
  local folder
  folder=$(compiled)/haproxy
  set_hostname "$LOAD_BALANCER_NAME"
  write_hosts
  # The kernel's limits and the unit's come first: the package starts HAProxy as it installs.
  write_sysctl "$HAPROXY_SYSCTL" "$(<"$folder/99-dojot-haproxy.conf")"$'\n'
  write_file "$HAPROXY_UNIT_LIMITS" 0644 "$(<"$folder/haproxy.service.d-limits.conf")"$'\n'
  read_unit haproxy
  leave_running haproxy
  watch_host
  add_repository haproxy "$HAPROXY_REPOSITORY"
  install_pinned "${HAPROXY_PACKAGES[@]}"
  # By which drain and undrain speak to it.
  install_packages socat
  configure_haproxy "$folder/haproxy.cfg"
  raise_haproxy_limits
}

# Prometheus reads what node-exporter says through HAProxy, which asks who it is.
watch_host() {
  [[ -n $NODE_EXPORTER_PACKAGE ]] || return 0
  # Before the package: it starts the service as it installs.
  owing "$NODE_EXPORTER_PACKAGE" write_file "/etc/default/$NODE_EXPORTER_PACKAGE" 0644 \
    "ARGS='--web.listen-address=127.0.0.1:$NODE_EXPORTER_PORT --no-collector.wifi --no-collector.hwmon'"$'\n'
  install_packages "$NODE_EXPORTER_PACKAGE"
  run_service "$NODE_EXPORTER_PACKAGE"
}

configure_haproxy() {
  local text checked=$1 drained=()
  text=$(<"$1")
  if ((${#NODE_PORTS[@]})); then
    if dry_run && [[ ! -r $(option node-ports) ]]; then
      report would "write $HAPROXY_CONFIG with the NodePorts of $(option node-ports)"
      return 0
    fi
    set_node_ports
    text=$NODE_PORT_SETTINGS$text
  fi
  mapfile -t drained < <(drained_servers "$(installed_config)")
  text=$(with_drained "$text" "${drained[@]}")
  if [[ $text != "$(<"$1")" ]]; then
    scratch checked "${TMPDIR:-/tmp}/dojot-haproxy.XXXXXX"
    printf '%s\n' "$text" >"$checked"
  fi
  if command -v haproxy >/dev/null; then
    working_on "check $1"
    haproxy -c -f "$checked" >&2 || fail "haproxy refuses $1: the running configuration stays"
  fi
  # Without those that the inventory has no longer.
  mapfile -t drained < <(drained_servers "$text")
  if ((${#drained[@]})); then
    report skipped "drained servers stay drained: ${drained[*]} (see undrain)"
  fi
  if is_active haproxy && { is_owed haproxy || ! is_written "$HAPROXY_CONFIG" 0640 "$text"$'\n'; }; then
    need_room_for_a_reload
  fi
  owing haproxy write_file "$HAPROXY_CONFIG" 0640 "$text"$'\n' keep
  if is_active haproxy; then
    if is_owed haproxy; then
      live 'reload haproxy' systemctl reload haproxy
      settle haproxy
    else
      report skipped 'haproxy runs with this configuration'
    fi
  fi
  run_service haproxy
}

NODE_PORT_SETTINGS=''

# The chosen NodePorts as HAProxy's own variables. In the configuration and not in the
# environment of the service: that one a reload does not read again.
set_node_ports() {
  local row variable service port number
  NODE_PORT_SETTINGS=$'global\n'
  for row in "${NODE_PORTS[@]}"; do
    columns "$row" variable service port
    number=$(noted_node_port "$variable")
    if [[ -z $number ]]; then
      fail "$(option node-ports) has no NodePort for $port of Service ${service#*/}: copy it from the control-plane node, where the step node-ports makes it"
    fi
    NODE_PORT_SETTINGS+="    setenv $variable $number"$'\n'
  done
  NODE_PORT_SETTINGS+=$'\n'
}

# A process keeps the limit of open files with which it was started, through every reload.
raise_haproxy_limits() {
  local pid limit sessions
  is_active haproxy || return 0
  pid=$(systemctl show --property=MainPID --value haproxy)
  limit=$(awk '/^Max open files/ { print $4 }' "/proc/$pid/limits" 2>/dev/null || true)
  if [[ ! $limit =~ ^[0-9]+$ ]] || ((limit >= LOAD_BALANCER_OPEN_FILES)); then
    report skipped 'haproxy may open enough files'
    return 0
  fi
  sessions=$(device_sessions)
  if ((sessions == 0)); then
    live 'restart haproxy with its new limit of open files' systemctl restart haproxy
  else
    fail "haproxy runs with a limit of $limit open files, not $LOAD_BALANCER_OPEN_FILES; a restart would drop $sessions sessions: run this step again when none is open"
  fi
}

# ---- node-ports
step_node_ports() {
  need_root
  if ((${#NODE_PORTS[@]} == 0)); then
    report skipped 'the inventory states every NodePort'
    return 0
  fi
  need_cluster
  local row variable service port number='' text=''
  for row in "${NODE_PORTS[@]}"; do
    columns "$row" variable service port
    if cluster_known; then
      number=$(chosen_node_port "$service" "$port")
    fi
    if [[ -z $number ]] && dry_run; then
      report would "write $(option node-ports), once Service ${service#*/} has a NodePort for $port"
      return 0
    elif [[ -z $number ]]; then
      fail "Service ${service#*/} has no NodePort for $port yet: Argo CD makes it, run this step again once the application is synced"
    fi
    text+="$variable $number"$'\n'
  done
  write_file "$(option node-ports)" 0644 "$text"
}

# ---- node
step_node() {
  need_root
  identify
  need_system
  check_kubelet_version
  set_hostname "$(self name)"
  write_hosts
  switch_swap_off
  load_modules
  write_sysctl /etc/sysctl.d/90-dojot.conf "$SYSCTL_CONF"
  leave_running "$RUNTIME_SERVICE" containerd kubelet
  install_packages "${OS_PACKAGES[@]}"
  configure_firewall
  "runtime_$RUNTIME_NAME"
  "install_kubernetes_$KUBERNETES_FROM"
  enable_kubelet
  take_kubelet_config
}

# Now, and after every boot: the kubelet does not start while swap is on.
switch_swap_off() {
  local path=${OPTION[root]-}/etc/fstab text
  if [[ -f $path ]]; then
    text=$(awk '$1 !~ /^#/ && $3 == "swap" { print "# swap is off for the kubelet: " $0; next } { print }' "$path")
    write_file /etc/fstab "$(stat -c 0%a -- "$path")" "$text"$'\n' keep
  else
    report skipped "$path does not exist"
  fi
  if [[ -z ${OPTION[root]-} && $(wc -l </proc/swaps) -le 1 ]]; then
    report skipped 'swap is off'
  else
    live 'switch swap off' swapoff --all
  fi
}

load_modules() {
  local module missing=()
  write_file /etc/modules-load.d/dojot.conf 0644 "$(printf '%s\n' "${KERNEL_MODULES[@]}")"$'\n'
  for module in "${KERNEL_MODULES[@]}"; do
    module_is_loaded "$module" || missing+=("$module")
  done
  if ((${#missing[@]})); then
    live "load kernel modules: ${missing[*]}" modprobe --all "${missing[@]}"
  else
    report skipped 'kernel modules are loaded'
  fi
}

# A module that is part of the kernel itself need not have a folder in /sys.
module_is_loaded() {
  [[ -z ${OPTION[root]-} ]] || return 1
  [[ -d /sys/module/$1 ]] ||
    grep -q -- "/$1\.ko$" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null
}

# ---- plan
step_plan() {
  local row step machine occasion table when next before='' number=0
  printf 'Cluster %s, Kubernetes %s. On every machine: this repository'\''s compiled/%s, as root.\n\n' \
    "$CLUSTER_NAME" "$KUBERNETES_VERSION" "$CLUSTER_NAME"
  for row in "${STEPS[@]}"; do
    columns "$row" step _ _ machine _ occasion table when next
    if [[ $machine == anywhere || -n $occasion ]] || ! has_rows "$table"; then
      continue
    fi
    if [[ $machine != "$before" ]]; then
      number=$((number + 1))
      printf '%2d. %s: %s\n' "$number" "$machine" "$(machines "$machine" | wrapped 16)"
      before=$machine
    fi
    printf '      bootstrap.sh %s%s\n' "$step" "${when:+, $when}"
    [[ -z $next ]] || printf '        then %s\n' "$next"
  done
}

# has_rows TABLE: also where none is asked for.
has_rows() {
  [[ -n $1 ]] || return 0
  local -n table_of_step=$1
  ((${#table_of_step[@]}))
}

# machines PLACE, as the heads of steps call it: `NAME (ADDRESS)` of each, a line each.
machines() {
  local row name address role found=''
  for row in "${NODES[@]}" "$LOAD_BALANCER_NAME|$LOAD_BALANCER_ADDRESS|load-balancer"; do
    columns "$row" name address role _
    case $1:$role in
      'every node:control-plane' | 'every node:worker' | 'every worker:worker' | \
        'control plane:control-plane' | 'load balancer:load-balancer') found+="${found:+,$'\n'}$name ($address)" ;;
    esac
  done
  printf '%s\n' "$found"
}

# ---- restore
# Whose backup is being put back, from the first file on until the control plane runs: a run that was cut off goes on by it.
readonly RESTORING=/etc/dojot/restoring

step_restore() {
  need_root
  need_running_system
  identify
  need_role control-plane
  local from database
  from=$(option from) database=$(option database)
  [[ -n $from ]] || usage_error 'restore needs --from DIR: which backup?'
  from=${from%/}
  need_whole_backup "$from"
  if [[ -n $database ]]; then
    restore_database "$from" "$database"
  else
    restore_control_plane "$from"
  fi
}

# need_word WHAT: a person says that this is the cluster, and that WHAT may happen.
need_word() {
  local given
  given=$(option yes)
  if [[ -z $given ]] && ! dry_run; then
    printf '%s\nIf so, type the name of the cluster:\n' "$1" >&2
    read -r given || true
  fi
  [[ $given == "$CLUSTER_NAME" ]] || dry_run ||
    fail "the name of the cluster is $CLUSTER_NAME, not ${given:-empty}: nothing was changed"
}

restore_database() {
  [[ -n $(maker_of "$2") ]] || fail "the inventory of $CLUSTER_NAME has no database $2, but: $(database_names | paste -sd ' ')"
  [[ -d $1/$2 ]] || fail "$1 holds no database $2: take another backup"
  need_cluster
  need_word "In $CLUSTER_NAME, all that the database $2 holds now is replaced by what it held at $(manifest_says "$1" time)."
  change "fill the database $2 from $1" fill_database "$2" "$1"
}

restore_control_plane() {
  local begun='' config=''
  need_same_control_plane "$1"
  if [[ -e $RESTORING ]]; then
    begun=$(<"$RESTORING")
    [[ $begun == "${1##*/}" ]] || fail "the backup $begun is being put back here: finish that first (--from), or make this host anew"
  elif [[ -e $ADMIN_CONF || -e $ETCD_DATA ]]; then
    refuse "this host has a control plane ($ADMIN_CONF, $ETCD_DATA): a restore is for a host that has none. Of one that cannot be saved, keep $ETCD_FOLDER and $KUBERNETES_FOLDER elsewhere, run \"kubeadm reset\" yourself, and then this step again"
    return 0
  fi
  need_word "This host becomes the control plane of $CLUSTER_NAME as it was at $(manifest_says "$1" time)."
  write_file "$RESTORING" 0644 "${1##*/}"$'\n'
  change "put back certificates and keys of $KUBERNETES_FOLDER" restore_kubernetes "$1/kubernetes.tar"
  write_api_server_files
  if [[ -e $ETCD_DATA ]]; then
    report skipped "etcd has data ($ETCD_DATA)"
  else
    if ! dry_run; then
      scratch config "${TMPDIR:-/tmp}/dojot-init.XXXXXX"
      printf '%s' "$KUBEADM_INIT" >"$config"
    fi
    change 'fetch the images of the control plane' kubeadm config images pull --config="$config"
    change 'put back what etcd held' restore_etcd "$1/etcd.db" "$config"
  fi
  if [[ -e $ADMIN_CONF && -e $KUBEADM_CONFIG_APPLIED ]]; then
    report skipped 'kubeadm init has finished'
  elif [[ -e $ADMIN_CONF ]]; then
    refuse "kubeadm init broke off (journalctl -u kubelet says why). All that is here comes from $1: run \"kubeadm reset\" yourself, and then this step again"
    return 0
  else
    # Before the API server answers: kubelets of the workers end every pod that it does not know.
    make_control_plane --ignore-preflight-errors=DirAvailable--var-lib-etcd
  fi
  await 'the API server answers' api_server_answers
  change "forget that $1 was being put back" forget_restore
}

# What a run that was killed has left of it, too.
forget_restore() {
  rm -rf -- "$ETCD_FOLDER/restored" "$ETCD_FOLDER/restored.db"
  rm -f -- "$RESTORING"
}

# The kubelets and pods of a cluster know its control plane by name, address and release.
need_same_control_plane() {
  local version name address
  version=$(manifest_says "$1" kubernetes)
  [[ $version == "$KUBERNETES_VERSION" ]] ||
    fail "$1 is of Kubernetes ${version:-unknown}, the inventory has $KUBERNETES_VERSION: use the script of that time (Git has its compiled folder), and upgrade afterwards. Nothing was changed"
  columns "$(manifest_says "$1" control-plane)" name address
  [[ $name == "$(self name)" && $address == "$(self address)" ]] ||
    fail "$1 is of the control plane $name ($address), and this is $(self name) ($(self address)): workers and certificates know only the former. Nothing was changed"
}

restore_kubernetes() {
  mkdir -p -- "$KUBERNETES_FOLDER"
  tar --extract --file="$1" --directory="$KUBERNETES_FOLDER" --same-permissions --no-same-owner
}

# ---- secrets
# A value is never printed, never an argument of a command, and never made twice. Secrets that
# people bring (certificates, passwords of other machines) are asked for, last of all.

step_secrets() {
  need_cluster
  local namespace secret lacking=0
  for namespace in "${NAMESPACES[@]}"; do
    create_namespace "$namespace"
  done
  for secret in $(secret_names made); do
    ensure_secret "$secret"
  done
  for secret in $(secret_names provided); do
    if is_provided "$secret"; then
      report skipped "Secret ${secret#*/} has all its keys"
    elif dry_run; then
      report would "ask for Secret ${secret#*/}, which you provide: $(how_to_provide "$secret")"
    else
      report failed "Secret ${secret#*/} is missing or lacks a key, and you provide it: $(how_to_provide "$secret")" >&2
      lacking=$((lacking + 1))
    fi
  done
  if ((lacking)); then
    fail "Secrets that you provide: $lacking to go (see above), then run this step again"
  fi
}

# is_provided SECRET: does it have every key?
is_provided() {
  local present=''
  if cluster_known; then
    present=$(secret_keys "$1") || return 1
  fi
  [[ -z $(missing_keys "$1" "$present") ]]
}

# ensure_secret SECRET
ensure_secret() {
  local secret=$1 present='' missing
  if cluster_known; then
    present=$(secret_keys "$secret")
  fi
  mapfile -t missing < <(missing_keys "$secret" "$present")
  if ((${#missing[@]} == 0)); then
    report skipped "Secret ${secret#*/} has all its keys"
  elif [[ -z $present ]]; then
    change "create Secret ${secret#*/} with ${missing[*]}" create_secret "$secret" "${missing[@]}"
  else
    change "add to Secret ${secret#*/}: ${missing[*]}" extend_secret "$secret" "${missing[@]}"
  fi
}

# create, not apply: apply would keep a copy of the values in an annotation.
create_secret() {
  local - secret=$1
  set +x
  shift
  {
    printf 'apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata:\n  name: %s\n  namespace: %s\n' \
      "${secret#*/}" "${secret%%/*}"
    secret_values "$secret" "$@"
  } | kube create --filename=-
}

# The object as it is, with the new keys after it; its resourceVersion makes the
# server refuse when somebody else was faster.
extend_secret() {
  local - secret=$1
  set +x
  shift
  {
    kube --namespace="${secret%%/*}" get secret "${secret#*/}" --output=yaml
    secret_values "$secret" "$@"
  } | kube replace --filename=-
}

# secret_values SECRET KEY...: the stringData of these keys.
secret_values() {
  local - found row key kind value wanted
  set +x
  mapfile -t found < <(rows "$1" "${SECRETS[@]}")
  shift
  printf 'stringData:\n'
  for row in "${found[@]}"; do
    columns "$row" _ key kind value
    for wanted in "$@"; do
      [[ $wanted == "$key" ]] || continue
      if [[ $kind == random ]]; then
        value=$(random_text "$value") || return 1
      fi
      printf "  '%s': '%s'\n" "$key" "${value//\'/\'\'}"
    done
  done
}

# ---- undrain
step_undrain() {
  local server
  check_server_option
  need_root
  need_running_system
  need_load_balancer
  need_haproxy
  need_server
  server=$(option server)
  weigh "$server" 1
  if ! haproxy_known || dry_run; then
    return 0
  fi
  read_servers
  if of_server "$server" | grep -q '|down|'; then
    report ok "$server gets new sessions once its health check passes: it is down now"
  else
    report ok "$server gets new sessions"
  fi
}

# ---- verify
WRONG=0

# verdict CONDITION WHAT [WHAT IS WRONG]: CONDITION is yes or no.
verdict() {
  if [[ $1 == yes ]]; then
    report ok "$2"
  else
    report failed "$2${3:+: $3}"
    WRONG=$((WRONG + 1))
  fi
}

# same A B: yes or no
same() {
  if [[ $1 == "$2" ]]; then printf yes; else printf no; fi
}

step_verify() {
  local namespace wrong
  if ! command -v kubectl >/dev/null && has_address "$LOAD_BALANCER_ADDRESS"; then
    report skipped "what is in the cluster: $LOAD_BALANCER_NAME has no kubectl"
  elif ! cluster_answers; then
    verdict no 'the cluster answers' "nothing answers with the kubeconfig $(kubeconfig)"
  elif wrong=$(wrong_cluster) && [[ -n $wrong ]]; then
    verdict no "the cluster is $CLUSTER_NAME" "$wrong"
  else
    verdict yes "the cluster is $CLUSTER_NAME"
    verify_nodes
    verify_volumes
    verify_secrets
    verify_workloads kube-system
    verify_workloads "$ARGOCD_NAMESPACE"
    for namespace in "${NAMESPACES[@]}"; do
      verify_workloads "$namespace"
    done
    verify_brokers
    verify_application
    verify_node_ports
  fi
  verify_load_balancer
  if has_address "$LOAD_BALANCER_ADDRESS"; then
    verify_servers
  fi
  if ((WRONG)); then
    fail "$WRONG things are not as the inventory says"
  fi
}

# node | is it Ready | version of its kubelet | label of its group
readonly NODE_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|
  {{.status.nodeInfo.kubeletVersion}}|
  {{with .metadata.labels}}{{with index . "@LABEL@"}}{{.}}{{end}}{{end}}
  {{println}}
{{end}}'

verify_nodes() {
  local row name role label found ready version value table
  table=$(kube get nodes --output=go-template="$(template "$NODE_TABLE" LABEL "$GROUP_LABEL")")
  for row in "${NODES[@]}"; do
    columns "$row" name _ role label
    [[ $role == worker ]] || label=''
    found=$(grep -F -- "$name|" <<<"$table" | grep -- "^$name|" || true)
    columns "$found" _ ready version value
    verdict "$(same "$found" "$name|True|$KUBERNETES_VERSION|$label")" \
      "node $name is Ready, $KUBERNETES_VERSION${label:+, $GROUP_LABEL=$label}" \
      "Ready: ${ready:-not known}, version: ${version:-not known}, label: ${value:-none}"
  done
}

# phase | namespace and name of its claim
readonly VOLUME='{{.status.phase}}|{{.spec.claimRef.namespace}}|{{.spec.claimRef.name}}'

verify_volumes() {
  local name phase namespace claim other
  for name in "${PERSISTENT_VOLUMES[@]}"; do
    columns "$(kube get persistentvolume "$name" --ignore-not-found --output=go-template="$VOLUME")" \
      phase namespace claim
    if [[ $phase == Available ]]; then
      # A claim stays with its volume when the inventory gives it another machine, directory or class.
      other=$(kube --namespace "$namespace" get persistentvolumeclaim "$claim" --ignore-not-found \
        --output=go-template='{{with .spec.volumeName}}{{.}}{{end}}')
      phase+="${other:+: its claim $namespace/$claim still has $other (docs/switches.md#volumes)}"
    fi
    verdict "$(same "$phase" Bound)" "PersistentVolume $name is bound" "${phase:-it does not exist}"
  done
}

verify_secrets() {
  local row secret key kind present='' previous=''
  for row in "${SECRETS[@]}"; do
    columns "$row" secret key kind _
    if [[ $secret != "$previous" ]]; then
      present=$(secret_keys "$secret")
      previous=$secret
    fi
    if grep -qxF -- "key $key" <<<"$present"; then
      verdict yes "Secret ${secret#*/} has key $key"
    elif [[ $kind == provided ]]; then
      verdict no "Secret ${secret#*/} has key $key" "you provide it: $(how_to_provide "$secret")"
    else
      verdict no "Secret ${secret#*/} has key $key" 'run the step secrets'
    fi
  done
}

# pod | its phase | is it ready; none of a Job
IFS= read -r -d '' POD_TABLE <<'END' || true
{{range .items}}
  {{$job := false}}
  {{range .metadata.ownerReferences}}{{if eq .kind "Job"}}{{$job = true}}{{end}}{{end}}
  {{if not $job}}
    {{.metadata.name}}|
    {{.status.phase}}|
    {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}
    {{println}}
  {{end}}
{{end}}
END
readonly POD_TABLE

# Job | how it has ended. Since 1.31 the controller first says what will end it, by conditions that stay beside these.
readonly JOB_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{range .status.conditions}}
    {{if eq .status "True"}}{{if or (eq .type "Complete") (eq .type "Failed")}}{{.type}}{{end}}{{end}}
  {{end}}
  {{println}}
{{end}}'

# verify_workloads NAMESPACE: every pod that is not a Job's is ready, every Job is complete.
verify_workloads() {
  local table row name phase ready seen=''
  table=$(kube --namespace="$1" get pods --output=go-template="$(template "$POD_TABLE")")
  while IFS= read -r row; do
    columns "$row" name phase ready
    [[ -n $name ]] || continue
    seen=yes
    verdict "$(same "$phase $ready" 'Running True')" "pod $1/$name is ready" "$phase"
  done <<<"$table"
  table=$(kube --namespace="$1" get jobs --output=go-template="$(template "$JOB_TABLE")")
  while IFS= read -r row; do
    columns "$row" name phase
    [[ -n $name ]] || continue
    verdict "$(same "$phase" Complete)" "Job $1/$name is complete" "${phase:-it has not ended}"
  done <<<"$table"
  [[ -n $seen ]] || verdict no "pods run in namespace $1" 'there is none'
}

# What ends a broker early and shows nowhere else: when it may not open one more file, the kernel
# still completes the handshakes of devices.
verify_brokers() {
  local row namespace set count needed number pod
  for row in "${BROKERS[@]}"; do
    columns "$row" namespace set count _ needed
    for ((number = 0; number < count; number++)); do
      pod=$set-$number
      verify_open_files "$namespace" "$pod" "$needed" "$(how_to_renew "$row")"
    done
  done
}

# Its phase, and what its container lacks.
readonly BROKER_STATE='
{{.status.phase}}
{{range .status.containerStatuses}}
  {{if eq .name "vernemq"}}{{if not .state.running}}, not started{{end}}{{end}}
{{end}}'

# verify_open_files NAMESPACE POD NEEDED WAY OUT
verify_open_files() {
  local what="broker $1/$2 may open $3 files" state limit limits
  state=$(kube --namespace="$1" get pod "$2" --ignore-not-found \
    --output=go-template="$(template "$BROKER_STATE")")
  if [[ $state != Running ]]; then
    verdict no "$what" "it does not run (${state:-there is no such pod}), so nobody can tell yet"
    return 0
  fi
  if ! limits=$(kube --namespace="$1" exec "$2" --container=vernemq -- sh -c "$OPEN_FILES_OF_ERLANG" </dev/null); then
    verdict no "$what" 'its container cannot be asked (kubectl exec, see above)'
    return 0
  fi
  limit=$(sort -n <<<"$limits" | head -n 1)
  if [[ ! $limit =~ ^[0-9]+$ ]]; then
    verdict no "$what" 'its container shows no process beam.smp, the Erlang VM: look at its log'
  elif ((limit < $3)); then
    verdict no "$what" "it may open $limit. Run the step node on its node, then make the brokers' pods again: $4"
  else
    verdict yes "$what"
  fi
}

# For the sh of the broker's image: the limit of each Erlang VM that runs there. Processes may end meanwhile.
IFS= read -r -d '' OPEN_FILES_OF_ERLANG <<'END_OF_SCRIPT' || true
exec 2>/dev/null
for comm in /proc/[0-9]*/comm; do
  name=
  read -r name <"$comm"
  [ "$name" = beam.smp ] || continue
  while read -r one two three soft rest; do
    [ "$one $two $three" != 'Max open files' ] || echo "$soft"
  done <"${comm%comm}limits"
done
true
END_OF_SCRIPT
readonly OPEN_FILES_OF_ERLANG

verify_application() {
  local file found
  file=$(compiled)/argocd/application.yml
  if [[ ! -r $file ]]; then
    verdict no 'the Argo CD application is Synced and Healthy' "$file is missing: name its place with --compiled"
    return 0
  fi
  found=$(kube get --filename="$file" --ignore-not-found \
    --output=go-template='{{with .status}}{{.sync.status}} {{.health.status}}{{else}}not looked at yet{{end}}' 2>/dev/null || true)
  verdict "$(same "$found" 'Synced Healthy')" 'the Argo CD application is Synced and Healthy' "${found:-it does not exist}"
}

# Whether the file's copy has reached the load balancer shows where that answers.
verify_node_ports() {
  local row variable service port chosen noted
  for row in "${NODE_PORTS[@]}"; do
    columns "$row" variable service port
    chosen=$(chosen_node_port "$service" "$port")
    noted=$(noted_node_port "$variable")
    verdict "$(same "${chosen:-none}" "$noted")" "$(option node-ports) has the NodePort of $port of Service ${service#*/}" \
      "Kubernetes says ${chosen:-nothing}, the file ${noted:-nothing}: run the step node-ports, copy the file to $LOAD_BALANCER_NAME, run load-balancer there"
  done
}

verify_load_balancer() {
  local row port name
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    columns "$row" port name
    if timeout 5 bash -c "exec 3<>/dev/tcp/$LOAD_BALANCER_ADDRESS/$port" 2>/dev/null; then
      verdict yes "$LOAD_BALANCER_NAME answers on port $port ($name)"
    else
      verdict no "$LOAD_BALANCER_NAME answers on port $port ($name)" "nothing accepts at $LOAD_BALANCER_ADDRESS:$port"
    fi
  done
}

# Whom HAProxy sends new sessions to, asked on its own host.
verify_servers() {
  local row name listener state said='' wrong
  if ! read_servers; then
    verdict no 'HAProxy says which servers get new sessions' \
      "nobody answers at $HAPROXY_ADMIN_SOCKET: run verify as root, and load-balancer where socat is missing"
    return 0
  fi
  for row in "${SERVERS[@]}"; do
    columns "$row" _ name _
    [[ $said != *" $name "* ]] || continue
    said+=" $name "
    wrong=''
    while IFS='|' read -r listener _ state _; do
      [[ $state == up ]] || wrong+="${wrong:+, }$state in $listener"
    done < <(of_server "$name")
    [[ $wrong != *drained* ]] || wrong+=". When its broker is back: bootstrap.sh undrain --server $name"
    verdict "$(same "$wrong" '')" "server $name gets new sessions" "$wrong"
  done
}

# ---- volumes
# On the system's disk: what this step has made, a directory a line. A disk of data that is missing
# would otherwise be made up by empty directories, and the databases would start empty.
readonly VOLUMES_RECORD=/etc/dojot/volumes

step_volumes() {
  need_root
  identify
  local mine row owner path paths=() owners=() place
  mapfile -t mine < <(rows "$(self name)" "${DISKS[@]}")
  for row in "${mine[@]}"; do
    columns "$row" _ owner path
    paths+=("$path") owners+=("$owner")
  done
  if ((${#paths[@]} == 0)); then
    report skipped "no volume lives on $(self name)"
    return 0
  fi
  need_no_lost_volume "${paths[@]}"
  for place in "${!paths[@]}"; do
    make_directory "${OPTION[root]-}${paths[place]}" "${owners[place]}"
  done
  write_file "$VOLUMES_RECORD" 0644 "$({ recorded_volumes && printf '%s\n' "${paths[@]}"; } | sort --unique)"$'\n'
}

recorded_volumes() {
  if [[ -f ${OPTION[root]-}$VOLUMES_RECORD ]]; then
    cat -- "${OPTION[root]-}$VOLUMES_RECORD"
  fi
}

# need_no_lost_volume DIRECTORY...: each that is in the record is still there.
need_no_lost_volume() {
  local path recorded lost=''
  recorded=$(recorded_volumes)
  for path in "$@"; do
    if [[ ! -d ${OPTION[root]-}$path ]] && grep -qxF -- "$path" <<<"$recorded"; then
      lost+="${lost:+, }${OPTION[root]-}$path"
    fi
  done
  [[ -z $lost ]] ||
    refuse "this step has made $lost before, and now that is not there: is its disk mounted (findmnt, /etc/fstab)? Nothing was made. To start empty on purpose, take its line out of ${OPTION[root]-}$VOLUMES_RECORD and run this step again"
}

# What is inside stays as it is: only the directory itself gets owner and mode. The
# kubelet gives a mounted volume to its pod's group and opens it to that group, which
# is as it should be; whoever else may look in is not.
make_directory() {
  local mode
  if [[ -d $1 && $(stat -c '%u' -- "$1") == "$2" ]]; then
    mode=$(stat -c '%a' -- "$1")
    if [[ ${mode: -1} == 0 ]]; then
      report skipped "$1 exists (owner $2, closed to others)"
      return 0
    fi
  fi
  change "make $1 (owner $2, mode 0750)" \
    install --directory --mode=0750 --owner="$2" --group="$2" -- "$1"
}

# ---- worker
step_worker() {
  need_root
  need_running_system
  identify
  need_role worker
  if [[ -e $KUBELET_CONF ]]; then
    need_member
  else
    change "join $(self name) with label $GROUP_LABEL=$(self label)" join_cluster
    take_kubelet_config joined
  fi
  remove_join_file
}

# A node that was deleted from the cluster keeps its files. Where the cluster does not say, they count.
need_member() {
  local found name
  name=$(self name)
  if ! found=$(kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s get node "$name" --ignore-not-found --output=name 2>/dev/null); then
    report skipped "$name has joined the cluster (which does not say now whether it has it still)"
  elif [[ -n $found ]]; then
    report skipped "$name has joined the cluster"
  else
    refuse "$name has joined once, but the cluster has no such node any more: \"systemctl restart kubelet\" registers it again as it was; to join anew, run \"kubeadm reset\" on this worker and then this step"
  fi
}

join_cluster() {
  local - path token='' hash='' word rest config='' text
  set +x
  path=$(option join-file)
  [[ -r $path ]] || fail "there is no $path: copy it from the control-plane node, which makes it with the step join-token"
  while read -r word rest; do
    case $word in
      token) token=$rest ;;
      ca-hash) hash=$rest ;;
    esac
  done <"$path"
  [[ $token =~ ^[a-z0-9]{6}\.[a-z0-9]{16}$ && $hash =~ ^sha256:[0-9a-f]{64}$ ]] ||
    fail "$path is not what the step join-token writes: make a new one"
  text=${KUBEADM_JOIN//@NODE@/$(self name)}
  text=${text//@ADDRESS@/$(self address)}
  text=${text//@LABEL@/$(self label)}
  text=${text//@TOKEN@/$token}
  text=${text//@CA_HASH@/$hash}
  scratch config "${TMPDIR:-/tmp}/dojot-join.XXXXXX"
  printf '%s' "$text" >"$config"
  kubeadm join --config="$config" ||
    fail "kubeadm join did not finish, see above. If it says that an earlier attempt left files behind, run \"kubeadm reset\" on this worker and then this step again"
}

main "$@"
